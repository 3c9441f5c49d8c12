"""A whole blue-green deployment of a trivial service, against a script that speaks to the same sockets; in turns.

python bench/whole_deployment.py [--pairs 9] [--show]

Ours is the client's wall clock, from the request that asks for the deployment until the answer that says it is live and
the old slot is gone; the script's is the clock of `bench/by_hand.sh` from its start to its end.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.contract.proxy_rigs import HaproxyRig, haproxy_rig
from tests.journey.whole_server import WholeServer, write_application

from bench.results import Row, at, record
from bench.switch import free_port

HERE = Path(__file__).parent
KEY = "hand.example.com/"
PAUSE_S = 0.5  # between two deployments: nothing of one is to be paid by the other
PROJECT_FILE = """project: {project}
services:
  web:
    port: 8080
    health: {{http: /}}
    environment: {{VERSION: "{version}"}}
"""


class ByHand:
    """The script with its own network and its own proxy, which has the same pool as Fairlead's."""

    def __init__(self, server: WholeServer, rig: HaproxyRig, image: str) -> None:
        self._server = server
        self._name = f"{server.prefix}-hand"
        self._standing = "none"
        self._catalogue = server.data_dir / "by-hand.json"
        net = f"10.{230 + secrets.randbelow(20)}.{secrets.randbelow(250)}"
        self._environment = os.environ | {
            "ENGINE": server.settings["FAIRLEAD_DOCKER_SOCKET"],
            "PROXY": str(rig.settings.socket),
            "MAP": str(rig.settings.map),
            "KEY": KEY,
            "IMAGE": image,
            "PROJECT": self._name,
            "CATALOGUE": str(self._catalogue),
            "blue_BACKEND": "fl0000",
            "blue_SUBNET": f"{net}.0/26",
            "blue_ADDRESS": f"{net}.10",
            "green_BACKEND": "fl0001",
            "green_SUBNET": f"{net}.64/26",
            "green_ADDRESS": f"{net}.74",
        }
        self._docker("network", "create", "--label", f"io.fairlead.test={self._name}", "--subnet", f"{net}.128/26")
        adding = subprocess.run(
            ["socat", "-", f"UNIX-CONNECT:{rig.settings.socket}"],
            input=f"add map {rig.settings.map} {KEY} fl0000\n",
            text=True,
            capture_output=True,
            check=True,
        )
        assert not adding.stdout.strip(), adding.stdout

    def deploy(self, version: str, *, show: bool) -> float:
        """Seconds of the script."""
        new = "green" if self._standing == "blue" else "blue"
        begun = time.perf_counter()
        done = subprocess.run(
            [HERE / "by_hand.sh", new, self._standing],
            env=self._environment | {"VERSION": version},
            capture_output=True,
            text=True,
            timeout=120,
        )
        took_s = time.perf_counter() - begun
        if done.returncode != 0:
            raise RuntimeError(f"by_hand.sh: {done.stderr}")
        if show:
            print(done.stderr)
        self._standing = new
        return took_s

    def close(self) -> None:
        for container in self._named("ps", "-aq"):
            subprocess.run([*self._server.docker, "rm", "-fv", container], check=True, capture_output=True)
        for network in self._named("network", "ls", "-q"):
            subprocess.run([*self._server.docker, "network", "rm", network], check=True, capture_output=True)

    def _docker(self, *arguments: str) -> None:
        subprocess.run([*self._server.docker, *arguments, self._name], check=True, capture_output=True)

    def _named(self, *listing: str) -> list[str]:
        command = [*self._server.docker, *listing, "--filter", f"label=io.fairlead.test={self._name}"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def deploy(server: WholeServer, project: str, version: str) -> tuple[float, Mapping[str, object]]:
    """Seconds that the client waited, and the deployment. It follows the task's log, as `fairlead deploy --wait` does:
    the stream ends with the task."""
    begun = time.perf_counter()
    body = {"version": version, "environment": "Test", "force": True}
    asked = server.api("POST", f"/projects/{project}/deployments", body)
    server.raw("GET", f"/tasks/{asked['task']}/log/follow")
    found = server.api("GET", f"/deployments/{asked['id']}")
    took_s = time.perf_counter() - begun
    if found["outcome"] != "live":
        raise RuntimeError(f"the deployment ended {found['outcome']}: {found['reason']}")
    return took_s, found


def show_phases(server: WholeServer, deployment: Mapping[str, object]) -> None:
    """The task's own log with the time since its first line."""
    lines = server.api("GET", f"/tasks/{deployment['task']}/log?limit=5000")["items"]
    first = lines[0]["at"]
    for line in lines:
        print(f"{_ms(first, line['at']):8.1f} ms  {line['step']:<12} {line['text']}")


def _ms(first: str, then: str) -> float:
    return (datetime.fromisoformat(then) - datetime.fromisoformat(first)).total_seconds() * 1000


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--show", action="store_true", help="print each call of the last pair with its time")
    arguments = parser.parse_args()
    binary = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    assert binary, "install haproxy"
    assert shutil.which("socat"), "install socat"
    server = WholeServer()
    hand: ByHand | None = None
    try:
        async with haproxy_rig(free_port, Path(binary), backends=128, servers=8, https=False) as rig:
            server.start()
            with tempfile.TemporaryDirectory() as folder:
                image = server.push_image(write_application(Path(folder) / "web"), "web")
            project = server.project("bench")
            for version in ("a", "b"):
                server.live(project, PROJECT_FILE.format(project=project, version=version), image)
            hand = ByHand(server, rig, image)
            hand.deploy("first", show=False)
            ours, theirs = _in_turns(server, project, hand, arguments.pairs, show=arguments.show)
            back = at(to_standby(server, image, arguments.pairs), 0.5)
    finally:
        if hand is not None:
            hand.close()
        server.close()
    standby = Row("rollback to what stands by: median", round(back, 3), "s", "< 1", back < 1.0)
    record([*_rows(ours, theirs), standby])


def _in_turns(
    server: WholeServer, project: str, hand: ByHand, pairs: int, *, show: bool
) -> tuple[list[float], list[float]]:
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(pairs):
        is_shown = show and number == pairs - 1
        time.sleep(PAUSE_S)
        took_s, deployment = deploy(server, project, ("1.0.0", "1.1.0")[number % 2])
        ours.append(took_s)
        if is_shown:
            show_phases(server, deployment)
        time.sleep(PAUSE_S)
        theirs.append(hand.deploy(f"v{number}", show=is_shown))
    return ours, theirs


def to_standby(server: WholeServer, image: str, times: int) -> list[float]:
    """Seconds that the client waited for each rollback to a release that stands by."""
    project = server.project("bench-standby")
    for version in ("a", "b"):
        text = PROJECT_FILE.format(project=project, version=version) + "    standby: 10m\n"
        server.live(project, text, image)
    took: list[float] = []
    for _ in range(times):
        time.sleep(PAUSE_S)
        begun = time.perf_counter()
        asked = server.api("POST", f"/projects/{project}/rollback", {"environment": "Test"})
        server.raw("GET", f"/tasks/{asked['task']}/log/follow")
        took.append(time.perf_counter() - begun)
        if (outcome := server.ended(asked)["outcome"]) != "live":
            raise RuntimeError(f"the rollback ended {outcome}")
    return took


def _rows(ours: list[float], theirs: list[float]) -> list[Row]:
    ratio = at([a / b for a, b in zip(ours, theirs, strict=True)], 0.5)
    name = "deployment of a trivial service"
    return [
        Row(f"{name}: ours, median", round(at(ours, 0.5), 3), "s"),
        Row(f"{name}: by hand, median", round(at(theirs, 0.5), 3), "s"),
        Row(f"{name}: ours against by hand, median of pairs", round(ratio, 3), "x", "<= 1.0", ratio <= 1.0),
        Row(f"{name}: pairs", len(ours), "pairs"),
    ]


if __name__ == "__main__":
    asyncio.run(main())
