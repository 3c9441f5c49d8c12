"""The power of the whole machine is cut, and the server is gone or broken: users still get the same release."""

import http.client
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import _ensure_image
from tests.journey.own_machine import OwnMachine
from tests.journey.whole_server import WholeServer

DOCKERFILE = """FROM fairlead-base-busybox:1
CMD ["sh", "-c", "mkdir -p /www && echo $VERSION >/www/index.html && exec httpd -f -p 8080 -h /www"]
"""
FILE = """project: {project}
services:
  web:
    port: 8080
    health: {{http: /}}
    environment: {{VERSION: "{version}"}}
    standby: 10m
    drain: 1s
    stop_grace_period: 1s
    depends_on: [cache]
  worker: {{command: [sleep, "1000"], stop_grace_period: 1s, environment: {{VERSION: "{version}"}}}}
  cache: {{accessory: true, command: [sleep, "1000"], stop_grace_period: 1s, depends_on: [db]}}
  db: {{accessory: true, command: [sleep, "1000"], stop_grace_period: 1s}}
tests:
  build: .
  command: [sh, -c, '[ $TEST_TYPE != "{slow}" ] || sleep 4']
"""


class Machine:
    """A machine with all that an installation has: engine, proxy, registry, server, and one project in Test."""

    def __init__(self, shared: Path) -> None:
        self.own = OwnMachine()
        try:
            self.own.start()
            self.own.load("fairlead-base-busybox:1", shared=shared)
            self.server = WholeServer(docker_socket=str(self.own.socket))
        except BaseException:
            self.own.close()
            raise
        self.image = self.project = ""

    def close(self) -> None:
        try:
            if self.own.dockerd is None:
                self.own.start()
            self.server.close()
        finally:
            self.own.close()

    def furnish(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "Dockerfile").write_text(DOCKERFILE)
        self.server.start()
        self.image = self.server.push_image(folder, "web")
        self.project = self.server.project("night")

    def release(self, version: str, *, slow: str = "") -> dict[str, Any]:
        """Begun; `slow` is the kind of tests that take their time."""
        images = dict.fromkeys(("web", "worker", "cache", "db"), self.image)
        text = FILE.format(project=self.project, version=version, slow=slow)
        made = self.server.release(self.project, text, self.image, images=images, test_image=self.image)
        return self.server.deployment(self.project, made)

    def live(self, version: str) -> dict[str, Any]:
        ended = self.server.ended(self.release(version))
        assert ended["outcome"] == "live", ended["reason"]
        return ended

    def in_phase(self, deployment: dict[str, Any], phase: str) -> None:
        self.server.until(self.server.phase(deployment["task"], phase), f"the {phase} tests run")

    def cut_power(self) -> None:
        """Everything at once, and nothing is told to end."""
        self.server.kill()
        for name in ("haproxy/haproxy.pid", "registry/registry.pid"):
            for pid in _pids(self.server.data_dir / name):
                os.kill(pid, signal.SIGKILL)
        self.own.cut_power()

    def boot(self) -> str:
        """The engine's unit, and ours that runs without the server; what it said."""
        self.own.start()
        return self.server.program("fairlead-server", "boot").stderr

    def users_get(self) -> str:
        status, text = self.server.get(f"web.{self.project}.test.localhost")
        return text.strip() if status == 200 else str(status)

    def running(self) -> set[str]:
        """What runs, without what is the same for all: ``web.green``."""
        listed = subprocess.run(
            ["docker", "-H", f"unix://{self.own.socket}", "ps", "--format", "{{.Names}}"],
            capture_output=True, text=True, timeout=30, check=True,
        ).stdout.split()  # fmt: skip
        return {".".join(name.removeprefix(f"{self.project}-test_").split(".")[:2]) for name in listed}

    def slots(self) -> dict[str, str]:
        """The recorded state of each slot."""
        return {colour: slot["state"] for colour, slot in self.server.place(self.project)["slots"].items()}


def _pids(file: Path) -> list[int]:
    try:
        return [int(file.read_text().split()[0])]
    except (OSError, ValueError, IndexError):
        return []


@pytest.fixture(scope="module")
def machine(
    docker_socket: Path, haproxy_binary: Path, registry_binary: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    if os.geteuid() != 0:
        pytest.skip("an engine of its own needs root")
    _ensure_image("busybox")
    opened = Machine(docker_socket)
    try:
        opened.furnish(tmp_path_factory.mktemp("night") / "web")
        opened.live("a")
        yield opened
    finally:
        opened.close()


BASE = {"cache", "db"}
A, B = {"web.blue", "worker.blue"}, {"web.green", "worker.green"}


def test_before_the_switch_the_old_release_comes_up_alone(machine: Machine) -> None:
    deployment = machine.release("never", slow="pre-integration")
    machine.in_phase(deployment, "pre-integration")
    assert {"web.green", "web.blue"} <= machine.running()
    machine.cut_power()
    machine.boot()
    assert machine.users_get() == "a"
    assert machine.running() == BASE | A
    machine.server.start()
    ended = machine.server.ended(deployment)
    assert ended["outcome"] == "rolled_back", ended["reason"]
    assert machine.users_get() == "a"
    assert machine.running() == BASE | A


def test_after_the_switch_the_new_one_comes_up_and_is_carried_on(machine: Machine) -> None:
    deployment = machine.release("b", slow="post-integration")
    machine.in_phase(deployment, "post-integration")
    machine.cut_power()
    machine.boot()
    assert machine.users_get() == "b"
    assert machine.running() == BASE | B | {"web.blue"}
    machine.server.start()
    ended = machine.server.ended(deployment)
    assert ended["outcome"] == "live", ended["reason"]
    assert machine.users_get() == "b"
    machine.server.until(lambda: machine.slots() == {"blue": "standby", "green": "live"}, "the old one stands by")


def test_switched_back_in_the_night_and_the_server_follows(machine: Machine) -> None:
    """Builds on the tests before: b is live in green, a stands by in blue."""
    machine.cut_power()
    (machine.server.data_dir / "fairlead.db").rename(machine.server.data_dir / "away.db")  # as broken as can be
    machine.boot()
    assert machine.users_get() == "b"
    place = (machine.project, "Test")
    (seen,) = json.loads(_offline(machine, "status", "--json"))
    assert (seen["live"], seen["other"], seen["problems"]) == ("green", "blue", [])
    lines = _offline(machine, "print-commands", *place).splitlines()
    assert [line for line in lines if line.startswith("docker ")] == [
        line for line in lines if "worker" in line and ("docker stop -t 1 " in line or "docker start " in line)
    ]
    assert any("set map" in line and "| socat - UNIX-CONNECT:" in line for line in lines)
    assert machine.users_get() == "b"
    said = machine.server.program("fairlead-server", "offline", "switch-back", *place).stderr
    assert "set map" in said and "docker stop" in said
    assert machine.users_get() == "a"
    assert machine.running() == BASE | A | {"web.green"}
    (machine.server.data_dir / "away.db").rename(machine.server.data_dir / "fairlead.db")
    machine.server.start()
    assert machine.users_get() == "a"
    assert machine.slots() == {"blue": "live", "green": "standby"}
    newest = machine.server.api("GET", f"/deployments?project={machine.project}")["items"][0]
    assert (newest["kind"], newest["outcome"]) == ("rollback", "live")
    assert "without the server" in newest["reason"]


def _offline(machine: Machine, *words: str) -> str:
    return machine.server.program("fairlead-server", "offline", *words).stdout


def test_the_servers_death_and_upgrade_touch_no_request(machine: Machine) -> None:
    with Asking(machine) as asking:
        machine.server.kill()
        machine.server.start()
        asking.some_more()
        said = machine.server.program("fairlead-server", "down", "--keep-proxy").stderr
        assert "server ended" in said and "proxy" not in said
        machine.server.stop()  # it has ended: only its child is taken notice of
        asking.some_more()
        machine.server.start()
        asking.some_more()
    assert asking.failed == []
    assert asking.answered > 50


class Asking:
    """Somebody who asks again and again over one connection, and opens another each tenth time."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.answered = 0
        self.failed: list[str] = []

    def __enter__(self) -> "Asking":
        self._thread.start()
        self.some_more()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(30)

    def some_more(self) -> None:
        wanted = self.answered + 20
        deadline = time.monotonic() + 30
        while self.answered < wanted and time.monotonic() < deadline:
            time.sleep(0.01)

    def _ask(self) -> None:
        connection: http.client.HTTPConnection | None = None
        while not self._end.is_set():
            if connection is not None and self.answered % 10 == 0:
                connection.close()
                connection = None
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self._machine.server.proxy_port, timeout=10)
            try:
                connection.request("GET", "/", headers={"Host": f"web.{self._machine.project}.test.localhost"})
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.failed.append(str(answer.status))
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(repr(error))
                connection.close()
                connection = None
            self.answered += 1
            self._end.wait(0.01)
        if connection is not None:
            connection.close()
