"""A real engine and a real HAProxy under the planner, the effects and the interpreter; books in memory."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from tests.contract.proxy_rigs import HaproxyRig

from fairlead.adapters.connections.local import LocalConnection
from fairlead.adapters.engines.docker.engine import DockerEngine
from fairlead.adapters.system import SystemClock
from fairlead.adapters.traffic import ThroughProxy
from fairlead.domain.naming import PlaceNames
from fairlead.domain.service import (
    Definition,
    ExecProbe,
    File,
    Health,
    HttpProbe,
    Role,
    Route,
    RunningProbe,
    Service,
    Tests,
)
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import (
    LABEL_PROJECT,
    Container,
    ContainerSpec,
    Network,
    NetworkSpec,
    VolumeEntry,
)
from fairlead.ports.proxy import Proxy
from fairlead.steps.resolved import ProxyFacts
from fairlead.testing.deploy_world import World
from fairlead.testing.load import Load

LABEL_TEST = "io.fairlead.test"

APP = r"""
import http.server, os, signal, sys, time
version, port = sys.argv[1], int(sys.argv[2])
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def do_GET(self):
        if self.path == "/slow":
            time.sleep(0.5)
        body = version.encode()
        self.send_response(200)
        if self.path == "/never":
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"first")
            self.wfile.flush()
            time.sleep(600)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
print("serving", version, flush=True)
Server(("0.0.0.0", port), Page).serve_forever()
"""

TEST_PROGRAM = r"""
import os, sys, urllib.request
kind, url = os.environ["TEST_TYPE"], os.environ["TEST_URL"]
print("checking", kind, url, os.environ.get("TEST_INSTANCES", ""))
for one in [url, *filter(None, os.environ.get("TEST_INSTANCES", "").split(","))]:
    answer = urllib.request.urlopen(one, timeout=5).read().decode()
    assert answer == os.environ["TEST_RELEASE"], (one, answer)
os.makedirs("/results", exist_ok=True)
open("/results/report.xml", "w").write("<testsuite tests='1'/>")
sys.exit(f"AssertionError: {kind} says no" if os.environ.get("FAIL") == kind else 0)
"""

IDLE = """
import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
print("working", flush=True)
while True:
    time.sleep(1)
"""


class LabelledEngine(DockerEngine):
    """The real engine; what it makes carries the label of the test session."""

    def __init__(self, socket: str, session: str, **more: Any) -> None:
        super().__init__(socket, **more)
        self._test = {LABEL_TEST: session}

    async def ensure_container(self, spec: ContainerSpec) -> Container:
        return await super().ensure_container(replace(spec, labels={**spec.labels, **self._test}))

    async def ensure_network(self, spec: NetworkSpec) -> Network:
        return await super().ensure_network(replace(spec, labels={**spec.labels, **self._test}))

    async def ensure_volume(self, name: str, labels: Mapping[str, str]) -> VolumeEntry:
        return await super().ensure_volume(name, {**labels, **self._test})


@dataclass
class RealWorld(World):
    """The world, with a real host and a real proxy."""

    docker: Any = None
    haproxy: Any = None
    image_id: str = ""
    wire: Any = None

    @property
    def engine(self) -> LabelledEngine:
        return self.docker

    @property
    def routes(self) -> Proxy:
        return self.haproxy.proxy

    @property
    def connection(self) -> LocalConnection:
        return self.wire

    @property
    def place_names(self) -> PlaceNames:
        return PlaceNames(self.place.project, self.place.environment)

    @property
    def host_name(self) -> str:
        return f"{self.place.project}.example.com"

    def image(self, service: str, version: str, script: object = None) -> str:
        return self.image_id

    async def ship(self, version: str, *services: Service, fail: str = "", **changes: Any) -> Any:
        """Deploys that version of the services (a web service where none is given)."""
        tests = changes.pop("tests", None)
        if tests is None and fail:
            tests = project_tests(fail)
        definition = Definition(self.place.project, services or (self.web(version),), tests=tests)
        changes.setdefault("proxy", ProxyFacts(http_port=self.haproxy.settings.http_port))
        return await self.deploy(definition, version, **changes)

    def web(self, version: str, **changes: Any) -> Service:
        """A routed service that answers with its version."""
        service = Service(
            "web",
            Role.ROUTED,
            command=("python3", "/app.py", version, "8080"),
            files=(File("/app.py", APP),),
            port=8080,
            routes=(Route(self.host_name),),
            health=Health(HttpProbe("/healthz"), within_s=20.0),
            stop_grace_s=3.0,
            drain_s=5.0,
        )
        return replace(service, **changes)

    def worker(self, name: str = "worker", **changes: Any) -> Service:
        """A service without a port."""
        service = Service(name, Role.WORKER, command=("python3", "-c", IDLE), stop_grace_s=3.0)
        return replace(service, **changes)

    async def running(self) -> dict[str, Container]:
        """Our running containers, by name."""
        found = await self.engine.containers({LABEL_PROJECT: self.place.project})
        return {one.name: one for one in found if one.state == "running"}

    async def asked(self) -> str:
        """What a user gets now."""
        return await self.haproxy.ask(self.host_name) or ""

    @asynccontextmanager
    async def users(self, *, keep_alive: int = 4, fresh: int = 2, slow: int = 2) -> AsyncIterator[Load]:
        """Users ask all the while."""
        load = Load("127.0.0.1", self.haproxy.settings.http_port, self.host_name)
        asking = asyncio.create_task(load.run(keep_alive=keep_alive, fresh=fresh, slow=slow))
        try:
            yield load
        finally:
            load.stop()
            await asking

    async def sweep(self) -> None:
        """Removes all that the test's project made, by label."""
        ours = {LABEL_PROJECT: self.place.project}
        for container in await self.engine.containers(ours):
            await self.engine.remove(container.name)
        for network in await self.engine.networks(ours):
            await self.engine.remove_network(network.name)
        for volume in await self.engine.volumes(ours):
            await self.engine.remove_volume(volume.name)


def project_tests(fail: str = "") -> Tests:
    """Tests that ask every address they are given; `fail` names the kind that says no."""
    return Tests(command=("python3", "-c", TEST_PROGRAM), environment={"FAIL": fail}, timeout_s=60.0)


@asynccontextmanager
async def real_world(
    socket: str, session: str, image: str, haproxy: HaproxyRig, *, kind: type[RealWorld] = RealWorld, **engine: Any
) -> AsyncIterator[RealWorld]:
    """A project of its own; nothing of it is left."""
    async with LabelledEngine(socket, session, **engine) as docker:
        held = await docker.image(image)
        assert held is not None
        wire = LocalConnection(haproxy.settings.directory)
        traffic = ThroughProxy(wire, SystemClock())
        world = kind(
            clock=SystemClock(),
            docker=docker,
            haproxy=haproxy,
            image_id=held.id,
            wire=wire,
            traffic=traffic,
            bound_s=180.0,
            pool=f"10.{random.randint(180, 250)}.{random.randint(0, 15) * 16}.0/20",
            place=Place(f"t{session}-{random.randint(0, 99999)}", "Production"),
        )
        try:
            yield world
        finally:
            await traffic.close()
            await world.sweep()


__all__ = ["ExecProbe", "RunningProbe", "json", "real_world"]
