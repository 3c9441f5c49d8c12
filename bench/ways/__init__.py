"""Ways to replace a running release by the next one, each as its users do it, behind one small protocol."""

from __future__ import annotations

import http.client
import json
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol

READY_BOUND_S = 30.0
LOOK_S = 0.05
MARK = "X-Version"
DOCKER = ["docker"]


class Way(Protocol):
    """`begin` brings the first version live at `port` of the loopback under `host`; `swap` the next, and returns when
    users get it and the old one is gone; `close` leaves nothing. A way may raise `CannotRun` at `begin`."""

    name: str
    port: int
    host: str

    def begin(self, version: str) -> None: ...

    def swap(self, version: str) -> None: ...

    def close(self) -> None: ...


class CannotRun(Exception):
    """This machine cannot do it; the message says what is missing."""


def docker(*arguments: str, check: bool = True) -> str:
    """What the command line of the engine says."""
    done = subprocess.run([*DOCKER, *arguments], capture_output=True, text=True, timeout=120)
    if check and done.returncode != 0:
        raise RuntimeError(f"docker {' '.join(arguments[:3])}: {done.stderr.strip()}")
    return done.stdout.strip()


def version_at(address: str, port: int, host: str) -> str:
    """The version that answers there; "" where nobody does."""
    connection = http.client.HTTPConnection(address, port, timeout=2)
    try:
        connection.request("GET", "/", headers={"Host": host, "Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        return answer.getheader(MARK) or ""
    except OSError:
        return ""
    finally:
        connection.close()


def wait_for(version: str, address: str, port: int, host: str) -> None:
    """Until that version answers there twice in a row."""
    deadline, seen = time.monotonic() + READY_BOUND_S, 0
    while seen < 2:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{version} does not answer at {address}:{port}")
        seen = seen + 1 if version_at(address, port, host) == version else 0
        if seen < 2:
            time.sleep(LOOK_S)


class Containers:
    """Releases as single containers on the engine's own bridge, started and stopped by hand."""

    def __init__(self, image: str) -> None:
        self._image = image
        self.name = f"fl-way-{secrets.token_hex(3)}"

    def start(self, version: str) -> str:
        """A container of that version that answers; its address."""
        name = f"{self.name}-{version}"
        docker(
            "run",
            "-d",
            "--name",
            name,
            "--label",
            f"io.fairlead.test={self.name}",
            "-e",
            f"VERSION={version}",
            self._image,
        )
        address = docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", name)
        wait_for(version, address, 8080, "x")
        return address

    def end(self, version: str) -> None:
        """Stopped with its grace, and removed."""
        docker("stop", "-t", "10", f"{self.name}-{version}")
        docker("rm", "-v", f"{self.name}-{version}")

    def close(self) -> None:
        for one in docker("ps", "-aq", "--filter", f"label=io.fairlead.test={self.name}").split():
            docker("rm", "-fv", one, check=False)


class Visits:
    """The load of `bench/load.py` on a way, in a process of its own."""

    def __init__(self, way: Way, *, rate: float) -> None:
        program = Path(__file__).parents[1] / "load.py"
        where = f"127.0.0.1:{way.port}"
        command = [
            sys.executable, str(program), f"http://{way.host}/", "--connect", where, "--seconds", "3600",
            "--kept", "8", "--rate", str(rate), "--fresh", "6", "--fresh-rate", str(rate / 2), "--slow", "4",
            "--path", "/", "--slow-path", "/slow", "--mark", MARK, "--progress", "--json", "-",
        ]  # fmt: skip
        self._child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self._child.stderr is not None
        self._child.stderr.readline()  # the first second is over: it runs

    def end(self) -> dict[str, float]:
        """Requests, failed, and the longest gap in ms without an answer."""
        self._child.terminate()
        told = json.loads(self._child.communicate(timeout=60)[0])
        return {"requests": told["requests"], "failed": told["failed"], "gap_ms": told["longest_gap_ms"]}
