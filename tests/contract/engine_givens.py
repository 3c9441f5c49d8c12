"""A real Docker engine and a world in memory, each as the suite for container engines wants it."""

import asyncio
import contextlib
import shlex
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fairlead.adapters.engines.docker import DockerEngine
from fairlead.adapters.engines.docker.client import EngineClient
from fairlead.adapters.engines.docker.errors import EngineSaidNo
from fairlead.adapters.engines.docker.spec import create_body
from fairlead.ports.clock import Clock
from fairlead.ports.container_engine import (
    LABEL_KEY,
    ContainerEngine,
    ContainerSpec,
    NetworkSpec,
    VolumeEntry,
)
from fairlead.testing.behaviour import Behaviour
from fairlead.testing.container_world import ContainerWorld, FakeNetwork
from fairlead.testing.fake_container_engine import FakeContainerEngine

TEST_LABEL = "io.fairlead.test"
STRANGE_SUBNET = 6


class DockerGiven:
    """Everything is named after the test and labelled; `clean` removes it."""

    def __init__(self, socket: Path, session: str, base: str, registry: str, free_port: Callable[[], int]) -> None:
        self._chance = uuid.uuid4()
        self._session, self._base, self._registry = session, base, registry
        self.free_port = free_port
        self.client = EngineClient(str(socket))
        self.engine: ContainerEngine = DockerEngine(str(socket))
        self.successor: ContainerEngine = DockerEngine(str(socket))
        self._silent = DockerEngine("/nowhere/docker.sock")

    async def close(self) -> None:
        await self.clean()
        for engine in (self.engine, self.successor, self._silent):
            assert isinstance(engine, DockerEngine)
            await engine.close()
        await self.client.close()

    def name(self, suffix: str) -> str:
        return f"ft-{self._chance.hex[:10]}-{suffix}"

    def subnet(self, number: int) -> str:
        one, two, *_ = self._chance.bytes
        return f"10.{200 + one % 50}.{two}.{16 * number}/28"

    def labels(self, key: str) -> Mapping[str, str]:
        return {LABEL_KEY: key, TEST_LABEL: self._session, "io.fairlead.test.case": self._chance.hex}

    def spec(self, suffix: str, behaviour: Behaviour, **more: Any) -> ContainerSpec:
        labels = {**self.labels(suffix), **more.pop("labels", {})}
        command = ("sh", "-c", script_of(behaviour))
        return replace(ContainerSpec(self.name(suffix), self._base, labels, command=command), **more)

    async def half_made(self, spec: ContainerSpec) -> None:
        await self.client.ask("POST", "/containers/create", params={"name": spec.name}, body=create_body(spec))

    async def add_stranger(self, kind: str, name: str) -> None:
        labels = {TEST_LABEL: self._session, "io.fairlead.test.case": self._chance.hex}
        if kind == "container":
            body = {"Image": self._base, "Labels": labels, "Cmd": ["sleep", "300"]}
            made = await self.client.ask("POST", "/containers/create", params={"name": name}, body=body)
            await self.client.ask("POST", f"/containers/{made['Id']}/start")
        elif kind == "network":
            pools = {"Config": [{"Subnet": self.subnet(STRANGE_SUBNET)}]}
            await self.client.ask("POST", "/networks/create", body={"Name": name, "Labels": labels, "IPAM": pools})
        else:
            await self.client.ask("POST", "/volumes/create", body={"Name": name, "Labels": labels})

    async def is_there(self, kind: str, name: str) -> bool:
        path = {"container": f"/containers/{name}/json"}.get(kind, f"/{kind}s/{name}")
        try:
            await self.client.ask("GET", path)
        except EngineSaidNo as refusal:
            assert refusal.status == 404
            return False
        return True

    def silent_engine(self) -> ContainerEngine:
        return self._silent

    def base_image(self) -> str:
        return self._base

    def registry(self) -> str:
        return self._registry

    async def clean(self) -> None:
        params = {"all": True, "filters": {"label": [f"io.fairlead.test.case={self._chance.hex}"]}}
        containers = await self.client.ask("GET", "/containers/json", params=params)
        removals = (self._gone(f"/containers/{found['Id']}") for found in containers)
        await asyncio.gather(*removals)
        for network in await self.client.ask("GET", "/networks", params=params):
            await self._gone(f"/networks/{network['Id']}")
        for volume in (await self.client.ask("GET", "/volumes", params=params))["Volumes"] or []:
            await self._gone(f"/volumes/{volume['Name']}")

    async def _gone(self, path: str) -> None:
        with contextlib.suppress(EngineSaidNo):
            await self.client.ask("DELETE", path, params={"force": True, "v": True})


def script_of(behaviour: Behaviour) -> str:
    """The behaviour as a shell script."""
    lines = ["trap '' TERM" if behaviour.ignores_stop else "trap 'exit 143' TERM"]
    for path, content in behaviour.files.items():
        lines.append(f"mkdir -p {shlex.quote(str(Path(path).parent))}")
        lines.append(f"printf %s {shlex.quote(content.decode())} >{shlex.quote(path)}")
    for stream, text in behaviour.output:
        lines.append(f"echo {shlex.quote(text)} {'>&2' if stream == 'stderr' else ''}")
        lines.append("usleep 20000")  # the engine reads two streams; only time keeps their order
    if behaviour.echoes_input:
        lines.append("cat <&0")
    if behaviour.ends_after_s is None:
        lines += ["echo ready", "while :; do usleep 50000; done"]
    else:
        lines += [f"usleep {int(behaviour.ends_after_s * 1_000_000)}", f"exit {behaviour.exit_code}"]
    return "\n".join(lines)


class FakeGiven:
    """A world in memory."""

    def __init__(self, clock: Clock, engine: Callable[[ContainerWorld], ContainerEngine] | None = None) -> None:
        make = engine or FakeContainerEngine
        self.world = ContainerWorld(clock)
        self.engine = make(self.world)
        self.successor = make(self.world)
        self._make = make
        self.world.add_image(self.base_image())
        self.world.on_build = lambda request: Behaviour()

    def name(self, suffix: str) -> str:
        return f"ft-{suffix}"

    def subnet(self, number: int) -> str:
        return f"10.200.0.{16 * number}/28"

    def labels(self, key: str) -> Mapping[str, str]:
        return {LABEL_KEY: key}

    def spec(self, suffix: str, behaviour: Behaviour, **more: Any) -> ContainerSpec:
        if behaviour.ends_after_s is None:
            behaviour = replace(behaviour, output=(*behaviour.output, ("stdout", "ready")))
        image = f"fake-{uuid.uuid4().hex[:6]}:1"
        self.world.add_image(image, behaviour)
        labels = {**self.labels(suffix), **more.pop("labels", {})}
        return replace(ContainerSpec(self.name(suffix), image, labels), **more)

    async def half_made(self, spec: ContainerSpec) -> None:
        image = self.world.image(spec.image)
        assert image is not None
        self.world.add_container(spec, image)

    async def add_stranger(self, kind: str, name: str) -> None:
        if kind == "container":
            self.world.add_stranger(name)
        elif kind == "network":
            spec = NetworkSpec(name, self.subnet(STRANGE_SUBNET), {})
            self.world.networks[name] = FakeNetwork(self.world.new_id(), spec)
        else:
            self.world.volumes[name] = VolumeEntry(name, {})

    async def is_there(self, kind: str, name: str) -> bool:
        held: Mapping[str, object] = getattr(self.world, f"{kind}s")
        return name in held

    def silent_engine(self) -> ContainerEngine:
        world = ContainerWorld(self.world.clock)
        world.is_down = True
        return self._make(world)

    def free_port(self) -> int:
        return 18080

    def base_image(self) -> str:
        return "base:1"

    def registry(self) -> str:
        return "registry.test:5000"
