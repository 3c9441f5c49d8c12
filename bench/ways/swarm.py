"""Docker Swarm, start-first: an engine of its own in swarm mode, and a proxy that follows its tasks.

Its own ingress needs IPVS in the kernel; so the tasks publish ports of the host, and an HAProxy whose servers are set
from the list of tasks every 50 ms stands before them, with the retries that Swarm's users need.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

from tests.journey.own_machine import OwnMachine

from bench.ways import DOCKER, CannotRun, wait_for
from fairlead.testing.free_ports import free_ports_of_this_process

SERVERS = 4
POLL_S = 0.05
SERVICE = "web"
HEALTH = "python3 -c 'import urllib.request; urllib.request.urlopen(\"http://127.0.0.1:8080/\")'"
"""Without it Swarm takes a container that runs for one that serves."""
PROXY = """
global
    stats socket {folder}/admin.sock mode 600 level admin
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    retries 3
    option redispatch
    retry-on conn-failure empty-response
frontend in
    bind 127.0.0.1:{port}
    default_backend out
backend out
    server-template s 1-{servers} 127.0.0.1:1 disabled
"""


class SwarmStartFirst:
    """One replica; the old task serves on for a second after it was told to stop, so that the proxy may hear of it."""

    name = "Swarm, start-first"
    host = "x"

    def __init__(self, image: str, *, shared_socket: str) -> None:
        self.port = free_ports_of_this_process()()
        self._image, self._shared = image, Path(shared_socket)
        self._folder = Path(tempfile.mkdtemp(prefix="fl-way-"))
        self._machine: OwnMachine | None = None
        self._proxy: subprocess.Popen[bytes] | None = None
        self._ending = threading.Event()
        self._following = threading.Thread(target=self._follow, daemon=True)

    def begin(self, version: str) -> None:
        haproxy = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        if haproxy is None:
            raise CannotRun("haproxy is not installed")
        self._machine = OwnMachine()
        self._machine.start()
        self._machine.load(self._image, shared=self._shared)
        self._docker(
            "swarm",
            "init",
            "--advertise-addr",
            "127.0.0.1",
            "--listen-addr",
            f"127.0.0.1:{free_ports_of_this_process()()}",
        )
        (self._folder / "proxy.conf").write_text(PROXY.format(folder=self._folder, port=self.port, servers=SERVERS))
        self._proxy = subprocess.Popen([haproxy, "-db", "-f", self._folder / "proxy.conf"], stderr=subprocess.DEVNULL)
        self._docker(
            "service", "create", "--detach", "--no-resolve-image", "--name", SERVICE, "--endpoint-mode", "dnsrr",
            "--publish", "mode=host,target=8080", "--env", f"VERSION={version}", "--env", "LAME_S=1",
            "--update-order", "start-first",
            "--update-monitor", "1s", "--health-cmd", HEALTH, "--health-interval", "500ms",
            "--stop-grace-period", "10s", self._image,
        )  # fmt: skip
        self._following.start()
        wait_for(version, "127.0.0.1", self.port, self.host)

    def swap(self, version: str) -> None:
        self._docker("service", "update", "--detach", "--env-add", f"VERSION={version}", SERVICE)
        wait_for(version, "127.0.0.1", self.port, self.host)
        while len(self._running()) != 1:
            time.sleep(POLL_S)

    def close(self) -> None:
        self._ending.set()
        if self._following.is_alive():
            self._following.join(10)
        if self._proxy is not None:
            self._proxy.terminate()
            self._proxy.wait(10)
        if self._machine is not None:
            self._machine.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _docker(self, *words: str) -> str:
        assert self._machine is not None
        command = [*DOCKER, "-H", f"unix://{self._machine.socket}", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"docker {words[0]} {words[1]}: {done.stderr.strip()}")
        return done.stdout

    def _running(self) -> list[dict[str, object]]:
        """The tasks of the service that run, as the engine's API tells them."""
        assert self._machine is not None
        query = urllib.parse.quote(json.dumps({"service": [SERVICE]}))
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self._machine.socket))
            line.sendall(f"GET /v1.41/tasks?filters={query} HTTP/1.0\r\nHost: engine\r\n\r\n".encode())
            answer = b"".join(iter(lambda: line.recv(65536), b""))
        tasks = json.loads(answer.partition(b"\r\n\r\n")[2])
        return [task for task in tasks if task["Status"]["State"] == "running"]

    def _follow(self) -> None:
        slots: dict[str, int] = {}
        while not self._ending.wait(POLL_S):
            wanted = {str(task["ID"]): _port(task) for task in self._running() if task["DesiredState"] == "running"}
            for gone in [one for one in slots if one not in wanted]:
                self._tell(f"set server out/s{slots.pop(gone)} state drain")
            for new in [one for one in wanted if one not in slots and wanted[one]]:
                slots[new] = next(number for number in range(1, SERVERS + 1) if number not in slots.values())
                place = f"out/s{slots[new]}"
                self._tell(f"set server {place} addr 127.0.0.1 port {wanted[new]}; set server {place} state ready")

    def _tell(self, command: str) -> None:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self._folder / "admin.sock"))
            line.sendall(f"{command}\n".encode())
            while line.recv(4096):
                pass


def _port(task: dict[str, object]) -> int:
    status = task["Status"]
    assert isinstance(status, dict)
    ports = (status.get("PortStatus") or {}).get("Ports") or [{}]
    return int(ports[0].get("PublishedPort") or 0)
