"""A ContainerEngine on a world in memory: what deployments, and their deaths at every point, are tested against."""

from __future__ import annotations

import asyncio
import ipaddress
import posixpath
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

from fairlead.domain.errors import Conflict, Failed, NotFound, TimedOut, TooLarge, Unreachable
from fairlead.ports.container_engine import (
    LABEL_ENVIRONMENT,
    LABEL_KEY,
    LABEL_PROJECT,
    BuildRequest,
    Container,
    ContainerSpec,
    Credentials,
    ExecResult,
    Exited,
    Image,
    Network,
    NetworkSpec,
    OutputLine,
    Resources,
    VolumeEntry,
)
from fairlead.testing.container_world import (
    ContainerWorld,
    FakeContainer,
    FakeImage,
    FakeNetwork,
    nameless,
    without_tag,
)
from fairlead.testing.fake_inspection import gateway_of, inspected, inspected_network

LINE_CHARACTERS = 8 * 1024
POLL_S = 0.05
FOR_EVER_S = 86_400.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Moment:
    """A point inside a verb: before anything, between its parts, after all of it but before the answer."""

    verb: str
    point: Literal["before", "during", "after"]
    thing: str


Watch: TypeAlias = Callable[[Moment], Awaitable[None]]
"""Called at each moment of a verb that changes something; may raise, cancel, or wait for ever."""


async def _unwatched(_: Moment) -> None:
    return None


class FakeContainerEngine:
    """A ContainerEngine. Make another one on the same world to play the server's successor."""

    def __init__(self, world: ContainerWorld, watch: Watch = _unwatched) -> None:
        self.world = world
        self._watch = watch

    async def close(self) -> None:
        """Nothing is open."""

    async def version(self) -> str:
        await self._reach()
        return "0.0-fake"

    async def resources(self) -> Resources:
        await self._reach()
        return self.world.free

    async def used_subnets(self) -> Sequence[str]:
        await self._reach()
        return sorted(network.spec.subnet for network in self.world.networks.values())

    # containers
    async def ensure_container(self, spec: ContainerSpec) -> Container:
        await self._begin("ensure_container", spec.name)
        found = self.world.containers.get(spec.name)
        if found is not None:
            _refuse_stranger("container", spec.name, found.spec.labels, spec.labels.get(LABEL_KEY, ""))
        else:
            image = self.world.image(spec.image)
            if image is None:
                raise NotFound("image.unknown", f"No such image: {spec.image}", thing=spec.name)
            for attachment in spec.networks if not spec.network_mode else ():
                self._network(attachment.network)
            found = self.world.add_container(spec, image)
            await self._watch(Moment("ensure_container", "during", spec.name))
        for attachment in spec.networks if not spec.network_mode else ():
            self._network(attachment.network)
            found.networks.setdefault(attachment.network, attachment)
        if found.state == "created":
            found.files = {file.path: file for file in spec.files}
        return await self._end("ensure_container", spec.name, told_container(self.world, found))

    async def start(self, name: str) -> Container:
        await self._begin("start", name)
        found = self._ours(name)
        self.world.start(found)
        self.world.settle()
        return await self._end("start", name, told_container(self.world, found))

    async def stop(self, name: str, *, grace_s: float) -> None:
        await self._begin("stop", name)
        found = self._found(name)
        if found is not None:
            _refuse_stranger("container", name, found.spec.labels, None)
            if found.behaviour.ignores_stop and found.state == "running":
                found.killed_at_s = self.world.clock.monotonic_s() + grace_s  # whether or not somebody waits for it
                await self.world.clock.sleep(grace_s)
            await self._watch(Moment("stop", "during", name))
            self.world.stop(found)
        await self._end("stop", name, None)

    async def keep_up(self, name: str, restart: str) -> None:
        await self._begin("keep_up", name)
        found = self._ours(name)
        found.spec = replace(found.spec, restart=restart)
        await self._end("keep_up", name, None)

    async def remove(self, name: str) -> None:
        await self._begin("remove", name)
        found = self._found(name)
        if found is not None:
            _refuse_stranger("container", name, found.spec.labels, None)
            self.world.remove_container(found)
        await self._end("remove", name, None)

    async def container(self, name: str) -> Container | None:
        await self._reach()
        found = self._found(name)
        return told_container(self.world, found) if found else None

    async def containers(self, labels: Mapping[str, str]) -> Sequence[Container]:
        await self._reach()
        found = [held for _, held in sorted(self.world.containers.items()) if _fits(_all_labels(held), labels)]
        return [told_container(self.world, held) for held in found]

    async def inspected(self, name: str) -> Mapping[str, object] | None:
        await self._reach()
        found = self._found(name)
        return inspected(told_container(self.world, found), found.spec) if found else None

    async def running(self, labels: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
        await self._reach()
        self.world.settle()
        found = [held for _, held in sorted(self.world.containers.items()) if held.state in ("running", "restarting")]
        return [told for held in found if _fits(told := _all_labels(held), labels)]

    async def wait(self, name: str) -> int:
        await self._reach()
        while self._existing(name).state != "exited":
            await self.world.clock.sleep(POLL_S)
            await asyncio.sleep(0)
            await self._reach()
        return self._existing(name).exit_code

    async def output(self, name: str, *, follow: bool, tail: int = 0, since: str = "") -> AsyncIterator[OutputLine]:
        await self._reach()
        found = self._existing(name)
        told = max(0, len(found.written) - tail) if tail else 0
        while True:
            self.world.settle()
            is_running = found.state == "running"
            while told < len(found.written):
                line = found.written[told]
                told += 1
                if line.at >= since:
                    yield replace(line, text=line.text[:LINE_CHARACTERS])
            if not (follow and is_running):
                return
            await self.world.clock.sleep(POLL_S)
            await asyncio.sleep(0)

    async def execute(self, name: str, command: Sequence[str], *, timeout_s: float) -> ExecResult:
        await self._begin("execute", name)
        found = self._ours(name)
        if found.state != "running":
            raise Failed("engine.failed", f"Container {name} is not running", thing=name)
        found.commands_run.append(tuple(command))
        answer = found.behaviour.commands.get(tuple(command), ExecResult(126, f"{command[0]}: not scripted"))
        if answer.exit_code < 0:  # scripted to hang
            await self.world.clock.sleep(timeout_s)
            raise TimedOut("step.timed_out", f"{command[0]!r} in {name} did not end in time", thing=name)
        return await self._end("execute", name, answer)

    @asynccontextmanager
    async def fed(self, name: str, content: bytes) -> AsyncIterator[None]:
        found = self._ours(name)
        if not found.spec.reads_input:
            raise Failed("engine.failed", f"Container {name} reads no input", thing=name)
        found.input = content
        if found.behaviour.echoes_input:
            for line in content.decode().splitlines():
                found.behaviour = replace(found.behaviour, output=(*found.behaviour.output, ("stdout", line)))
        await self.start(name)
        yield

    async def executing(
        self, name: str, command: Sequence[str], *, stdin: bytes | None = None
    ) -> AsyncIterator[OutputLine | Exited]:
        answer = await self.execute(name, command, timeout_s=FOR_EVER_S)
        if stdin is not None and self._ours(name).behaviour.echoes_input:
            answer = replace(answer, output=answer.output + stdin.decode())
        for line in answer.output.splitlines():
            yield OutputLine(line[:LINE_CHARACTERS], "stdout")
        yield Exited(answer.exit_code)

    async def copy_out(self, name: str, path: str, *, limit_bytes: int) -> Mapping[str, bytes]:
        await self._reach()
        found = self._existing(name)
        held = {path_: file.content for path_, file in found.files.items()}
        if found.started_at:
            held |= found.behaviour.files
        if path in held:
            files = {posixpath.basename(path): held[path]}
        else:
            top = path.rstrip("/") + "/"
            files = {name_.removeprefix(top): content for name_, content in held.items() if name_.startswith(top)}
        if sum(map(len, files.values())) > limit_bytes:
            raise TooLarge("input.too_large", f"what lies below {path} is larger than {limit_bytes} bytes", thing=path)
        return files

    # networks and volumes
    async def ensure_network(self, spec: NetworkSpec) -> Network:
        await self._begin("ensure_network", spec.name)
        found = self.world.networks.get(spec.name)
        if found is None:
            spec = spec if spec.subnet else replace(spec, subnet=self.world.free_subnet())
            subnet = ipaddress.ip_network(spec.subnet)
            for other in self.world.networks.values():
                if subnet.overlaps(ipaddress.ip_network(other.spec.subnet)):
                    words = f"Pool overlaps with {other.spec.name}"
                    raise Conflict("network.pool", words, thing=spec.name, hint="choose another subnet")
            found = self.world.networks[spec.name] = FakeNetwork(self.world.new_id(), spec)
        _refuse_stranger("network", spec.name, found.spec.labels, spec.labels.get(LABEL_KEY, ""))
        return await self._end("ensure_network", spec.name, self._told_network(found))

    async def remove_network(self, name: str) -> None:
        await self._begin("remove_network", name)
        found = self.world.networks.get(name)
        if found is not None:
            _refuse_stranger("network", name, found.spec.labels, None)
            members = list(self.world.members(name))
            if any(member.state == "running" for member in members):
                raise Failed("engine.failed", f"network {name} has active endpoints", thing=name)
            del self.world.networks[name]
            for member in members:
                del member.networks[name]
        await self._end("remove_network", name, None)

    async def networks(self, labels: Mapping[str, str]) -> Sequence[Network]:
        await self._reach()
        held = (network for _, network in sorted(self.world.networks.items()))
        return [self._told_network(network) for network in held if _fits(network.spec.labels, labels)]

    async def inspected_network(self, name: str) -> Mapping[str, object] | None:
        await self._reach()
        found = self.world.networks.get(name)
        return inspected_network(found.id, found.spec) if found else None

    async def ensure_volume(self, name: str, labels: Mapping[str, str]) -> VolumeEntry:
        await self._begin("ensure_volume", name)
        found = self.world.volumes.setdefault(name, VolumeEntry(name, dict(labels)))
        if any(found.labels.get(label) != labels.get(label) for label in (LABEL_PROJECT, LABEL_ENVIRONMENT)):
            raise _stranger("volume", name)
        return await self._end("ensure_volume", name, found)

    async def remove_volume(self, name: str) -> None:
        await self._begin("remove_volume", name)
        found = self.world.volumes.get(name)
        if found is not None and not {LABEL_KEY, LABEL_PROJECT} & set(found.labels):
            raise _stranger("volume", name)
        self.world.volumes.pop(name, None)
        await self._end("remove_volume", name, None)

    async def volumes(self, labels: Mapping[str, str]) -> Sequence[VolumeEntry]:
        await self._reach()
        return [volume for _, volume in sorted(self.world.volumes.items()) if _fits(volume.labels, labels)]

    # images
    async def build(self, request: BuildRequest, say: Callable[[str], None]) -> Image:
        """A Dockerfile that holds ``RUN false`` fails; else `world.on_build` says what the image does."""
        await self._begin("build", request.dockerfile)
        name = request.tags[0] if request.tags else request.dockerfile
        for number, line in enumerate(_dockerfile(request).splitlines(), 1):
            say(f"Step {number} : {line}")
            if line.strip() == "RUN false":
                words = f"{name} could not be built: {line} returned a non-zero code: 1\nStep {number} : {line}"
                raise Failed("image.build", words, thing=name)
        tags = request.tags or ("<none>",)
        image_id = self.world.add_image(tags[0], self.world.on_build(request), labels=request.labels)
        for tag in tags[1:]:
            self.world.keep_image(tag, self.world.images[image_id])
        return await self._end("build", request.dockerfile, self.world.images[image_id].image)

    async def pull(self, reference: str, credentials: Credentials | None, say: Callable[[str], None]) -> Image:
        await self._begin("pull", reference)
        found = self.world.image(reference)
        if found is None or "@" not in reference:
            offered = self.world.registry.get(reference)
            if offered is None:
                raise NotFound("image.unknown", f"pulling {reference}: manifest unknown", thing=reference)
            say(f"Pulling from {reference}")
            self.world.keep_image(reference, offered)
            found = self.world.image(reference)
            assert found is not None
        return await self._end("pull", reference, found.image)

    async def push(self, tag: str, credentials: Credentials | None, say: Callable[[str], None]) -> str:
        await self._begin("push", tag)
        found = self._image(tag)
        digest = found.image.id  # a real registry's differs; what matters is that it is always the same
        reference = f"{without_tag(tag)}@{digest}"
        for known in (tag, reference):
            self.world.registry[known] = nameless(found)
        self.world.keep_image(reference, found)
        say(f"{tag}: digest: {digest}")
        return await self._end("push", tag, digest)

    async def tag(self, image: str, tag: str) -> None:
        await self._begin("tag", tag)
        self.world.keep_image(tag, self._image(image))
        await self._end("tag", tag, None)

    async def image(self, reference: str) -> Image | None:
        await self._reach()
        found = self.world.image(reference)
        return found.image if found else None

    async def images(self, labels: Mapping[str, str]) -> Sequence[Image]:
        await self._reach()
        return [held.image for _, held in sorted(self.world.images.items()) if _fits(held.image.labels, labels)]

    async def remove_image(self, reference: str) -> None:
        await self._begin("remove_image", reference)
        found = self.world.image(reference)
        if found is not None:
            users = [held for held in self.world.containers.values() if held.image.image.id == found.image.id]
            names = {*found.image.tags, *found.image.digests} - {reference}
            if names or not users:
                self.world.drop_reference(reference)
                kept = self.world.images[found.image.id].image
                if not (kept.tags or kept.digests):
                    del self.world.images[found.image.id]
        await self._end("remove_image", reference, None)

    # the rest
    async def _begin(self, verb: str, thing: str) -> None:
        await self._watch(Moment(verb, "before", thing))
        await self._reach()

    async def _end(self, verb: str, thing: str, answer: T) -> T:
        await self._watch(Moment(verb, "after", thing))
        return answer

    async def _reach(self) -> None:
        await asyncio.sleep(0)
        if self.world.is_down:
            raise Unreachable("engine.unreachable", "the container engine does not answer", thing="fake")
        self.world.settle()

    def _found(self, name: str) -> FakeContainer | None:
        by_id = (held for held in self.world.containers.values() if held.id == name)
        return self.world.containers.get(name) or next(by_id, None)

    def _existing(self, name: str) -> FakeContainer:
        found = self._found(name)
        if found is None:
            raise NotFound("engine.gone", f"there is no container {name}", thing=name)
        return found

    def _ours(self, name: str) -> FakeContainer:
        found = self._existing(name)
        _refuse_stranger("container", name, found.spec.labels, None)
        return found

    def _image(self, reference: str) -> FakeImage:
        found = self.world.image(reference)
        if found is None:
            raise NotFound("image.unknown", f"No such image: {reference}", thing=reference)
        return found

    def _network(self, name: str) -> FakeNetwork:
        found = self.world.networks.get(name)
        if found is None:
            raise Failed("engine.failed", f"there is no network named {name}", thing=name)
        return found

    def _told_network(self, network: FakeNetwork) -> Network:
        running = (held for held in self.world.members(network.spec.name) if held.state == "running")
        members = tuple(sorted(held.spec.name for held in running))
        spec = network.spec
        return Network(
            network.id,
            spec.name,
            (spec.subnet,),
            dict(spec.labels),
            members,
            driver=spec.driver,
            internal=spec.internal,
            gateways=(gateway_of(spec),),
            dynamic_ranges=(spec.dynamic_range,),
            options=dict(spec.options),
        )


def told_container(world: ContainerWorld, held: FakeContainer) -> Container:
    """What the engine tells of it."""
    fixed = {name: attachment.address for name, attachment in held.networks.items() if attachment.address}
    ready = world.is_ready(held)
    health = held.behaviour.health if ready or not held.behaviour.health else "starting"
    return Container(
        id=held.id,
        name=held.spec.name,
        state=held.state,
        labels=_all_labels(held),
        image_id=held.image.image.id,
        addresses=dict(sorted((fixed | held.addresses).items())),
        exit_code=held.exit_code if held.state == "exited" else 0,
        oom_killed=held.behaviour.is_oom_killed and held.state == "exited",
        health=health if held.state == "running" else "",
        restart_count=held.restart_count,
        started_at=held.started_at,
        configuration=_configuration(held),
    )


def _configuration(held: FakeContainer) -> Mapping[str, object]:
    spec = held.spec
    networks = {
        name: {"aliases": sorted(attachment.aliases), "address": attachment.address}
        for name, attachment in sorted(held.networks.items())
    }
    return {
        "image": held.image.image.id,
        "command": list(spec.command or ()),
        "environment": dict(sorted(spec.environment.items())),
        "labels": dict(sorted(_all_labels(held).items())),
        "mounts": [str(mount) for mount in spec.mounts],
        "networks": networks,
        "restart": spec.restart,
    }


def _dockerfile(request: BuildRequest) -> str:
    path = Path(request.context, request.dockerfile)
    if not path.is_file():
        name = request.dockerfile
        raise Failed("image.build", f"there is no {name} in the build context", thing=name)
    return path.read_text()


def _all_labels(held: FakeContainer) -> dict[str, str]:
    return {**held.image.image.labels, **held.spec.labels}


def _fits(labels: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    return all(name in labels and value in ("", labels[name]) for name, value in asked.items())


def _refuse_stranger(kind: str, name: str, labels: Mapping[str, str], key: str | None) -> None:
    held = labels.get(LABEL_KEY, "")
    if not held or (key is not None and held != key):
        raise _stranger(kind, name)


def _stranger(kind: str, name: str) -> Conflict:
    words = f"the {kind} {name} is not what was asked for"
    return Conflict("engine.stranger", words, thing=name, hint="remove or rename it by hand if it is not needed")
