"""The world that fake engines act on: containers, networks, volumes and images that outlive a server's death."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Literal

from fairlead.domain.errors import Conflict, Failed
from fairlead.domain.service import Volume
from fairlead.ports.clock import Clock
from fairlead.ports.container_engine import (
    LABEL_ENVIRONMENT,
    LABEL_INSTALLATION,
    LABEL_KEY,
    LABEL_PROJECT,
    Attachment,
    BuildRequest,
    ContainerSpec,
    FileContent,
    Image,
    NetworkSpec,
    OutputLine,
    Resources,
    VolumeEntry,
)
from fairlead.testing.behaviour import Behaviour, Script

GIB = 1024**3
KILLED = 137
TERMINATED = 143

State = Literal["created", "running", "exited"]


@dataclass(slots=True)
class FakeImage:
    """An image on the host, and what its containers do."""

    image: Image
    script: Script = field(default_factory=Behaviour)


@dataclass(slots=True)
class FakeNetwork:
    """A network on the host."""

    id: str
    spec: NetworkSpec


@dataclass(slots=True)
class FakeContainer:
    """A container on the host. Times are seconds of the world's clock."""

    id: str
    spec: ContainerSpec
    image: FakeImage
    behaviour: Behaviour
    state: State = "created"
    networks: dict[str, Attachment] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    files: dict[str, FileContent] = field(default_factory=dict)
    written: list[OutputLine] = field(default_factory=list)
    commands_run: list[tuple[str, ...]] = field(default_factory=list)
    started_at_s: float = 0.0
    killed_at_s: float | None = None
    started_at: str = ""
    exit_code: int = 0
    restart_count: int = 0
    input: bytes | None = None
    anonymous_volumes: list[str] = field(default_factory=list)


class ContainerWorld:
    """One engine's host. Tests put images in, read what came to be, and let things die.

    Nothing here belongs to a server: engines (`FakeContainerEngine`) come and go, the world stays. `clock` drives
    what takes time. `is_down` makes every verb unreachable.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.is_down = False
        self.containers: dict[str, FakeContainer] = {}
        self.networks: dict[str, FakeNetwork] = {}
        self.volumes: dict[str, VolumeEntry] = {}
        self.images: dict[str, FakeImage] = {}
        self.registry: dict[str, FakeImage] = {}
        self.other_ports: set[int] = set()
        self.free = Resources(8 * GIB, 80 * GIB, 2)
        self.on_build: Callable[[BuildRequest], Script] = lambda _: Behaviour()
        self._made = 0

    # images
    def add_image(
        self, reference: str, script: Script | None = None, *, labels: Mapping[str, str] | None = None
    ) -> str:
        """An image on this host under `reference` (a tag or a digest reference); its id."""
        found = self._new_image(reference, script or Behaviour(), labels or {})
        self.keep_image(reference, found)
        return found.image.id

    def offer(self, reference: str, script: Script | None = None, *, labels: Mapping[str, str] | None = None) -> str:
        """An image that a registry has, to be pulled by tag or digest; its digest reference."""
        repository, _, _ = reference.partition("@")
        found = self._new_image(reference, script or Behaviour(), labels or {})
        digest_reference = reference if "@" in reference else f"{without_tag(repository)}@{found.image.id}"
        for known in {reference, digest_reference}:
            self.registry[known] = nameless(found)
        return digest_reference

    def image(self, reference: str) -> FakeImage | None:
        """By id, tag or digest reference."""
        for held in self.images.values():
            if reference in (held.image.id, *held.image.tags, *held.image.digests):
                return held
        return None

    def keep_image(self, reference: str, held: FakeImage) -> None:
        """It is on this host, under that name; the name is taken from whatever had it."""
        self.drop_reference(reference)
        kept = self.images.get(held.image.id, held)
        tags, digests = set(kept.image.tags), set(kept.image.digests)
        if "@" in reference:
            digests.add(reference)
        elif not reference.startswith("sha256:"):
            tags.add(reference)
        self.images[held.image.id] = FakeImage(renamed(kept.image, tags, digests), kept.script)

    def drop_reference(self, reference: str) -> None:
        """No image has that name any more."""
        for held in list(self.images.values()):
            tags, digests = set(held.image.tags) - {reference}, set(held.image.digests) - {reference}
            held.image = renamed(held.image, tags, digests)

    def _new_image(self, seed: str, script: Script, labels: Mapping[str, str]) -> FakeImage:
        self._made += 1
        _, _, digest = seed.partition("@")
        identity = digest or "sha256:" + hashlib.sha256(f"{seed} {self._made}".encode()).hexdigest()
        behaviour = script if isinstance(script, Behaviour) else Behaviour()
        image = Image(
            id=identity,
            digests=(),
            tags=(),
            size_bytes=1_000_000,
            labels=dict(labels),
            has_healthcheck=bool(behaviour.health),
        )
        return FakeImage(image, script)

    # time
    def settle(self) -> None:
        """What was to happen by now has happened: containers whose time is up have ended, or were started again."""
        for container in self.containers.values():
            if container.killed_at_s is not None and self.clock.monotonic_s() >= container.killed_at_s:
                self.stop(container)
            ends = container.behaviour.ends_after_s
            if container.state != "running" or ends is None:
                continue
            if self.clock.monotonic_s() - container.started_at_s < ends:
                continue
            self._end(container, container.behaviour.exit_code)
            if comes_back(container):
                container.restart_count += 1
                self._run(container)

    def kill(self, name: str, exit_code: int = KILLED) -> None:
        """A container dies by itself (and comes back where its restart policy says so)."""
        container = self.containers[name]
        self._end(container, exit_code)
        if comes_back(container):
            container.restart_count += 1
            self._run(container)

    # containers
    def new_id(self) -> str:
        """Sixty-four hexadecimal digits, another each time."""
        self._made += 1
        return hashlib.sha256(str(self._made).encode()).hexdigest()

    def free_subnet(self) -> str:
        """One that no network has, as an engine chooses it from its own pools."""
        taken = [ipaddress.ip_network(network.spec.subnet) for network in self.networks.values()]
        pool = ipaddress.ip_network("172.16.0.0/12").subnets(new_prefix=16)
        return str(next(one for one in pool if not any(one.overlaps(other) for other in taken)))

    def add_container(self, spec: ContainerSpec, image: FakeImage) -> FakeContainer:
        """Made, joined to its first network only, without its files: as an engine of API < 1.44 makes it."""
        script = image.script
        behaviour = script if isinstance(script, Behaviour) else script(spec)
        container = FakeContainer(self.new_id(), spec, image, behaviour)
        if spec.networks and not spec.network_mode:
            container.networks[spec.networks[0].network] = spec.networks[0]
        self.containers[spec.name] = container
        for mount in spec.mounts:
            if isinstance(mount, Volume) and not mount.name:
                self._add_anonymous_volume(container)
        return container

    def _add_anonymous_volume(self, container: FakeContainer) -> None:
        name, told = self.new_id(), container.spec.labels
        kept = (LABEL_PROJECT, LABEL_ENVIRONMENT, LABEL_INSTALLATION)
        self.volumes[name] = VolumeEntry(name, {key: told[key] for key in kept if key in told})
        container.anonymous_volumes.append(name)

    def remove_container(self, container: FakeContainer) -> None:
        """Gone, and its anonymous volumes with it."""
        del self.containers[container.spec.name]
        for name in container.anonymous_volumes:
            self.volumes.pop(name, None)

    def add_stranger(self, name: str) -> FakeContainer:
        """A running container that is not ours."""
        image = self._new_image("stranger", Behaviour(), {})
        container = self.add_container(ContainerSpec(name, image.image.id, labels={}), image)
        self._run(container)
        return container

    def start(self, container: FakeContainer) -> None:
        """Running, or the engine's error; the addresses and ports are checked only now, as the engine does."""
        if container.state == "running":
            return
        if container.behaviour.refuses_start:
            raise Failed(container.behaviour.refuses_start, "the engine refuses to start it", thing=container.spec.name)
        addresses = {name: self._address(container, name, at) for name, at in container.networks.items()}
        for port in container.spec.ports:
            if port.host_port in self.used_ports():
                raise Conflict("host.port", f"port {port.host_port} is already allocated", thing=container.spec.name)
        container.addresses = addresses
        self._run(container)

    def stop(self, container: FakeContainer) -> None:
        """Ended by its stop signal, or by KILL where it ignores that."""
        if container.state == "running":
            self._end(container, KILLED if container.behaviour.ignores_stop else TERMINATED)

    def used_ports(self) -> set[int]:
        """Ports of the host that something listens on."""
        running = (container for container in self.containers.values() if container.state == "running")
        return self.other_ports | {port.host_port for container in running for port in container.spec.ports}

    def is_ready(self, container: FakeContainer) -> bool:
        """Whether it runs, and for as long as its behaviour needs to answer."""
        age_s = self.clock.monotonic_s() - container.started_at_s
        return container.state == "running" and age_s >= container.behaviour.ready_after_s

    def listener(self, address: str, port: int) -> FakeContainer | None:
        """The running container that answers at that address, on its network or on a published port."""
        self.settle()
        for container in self.containers.values():
            published = {(p.host_ip or "0.0.0.0", p.host_port) for p in container.spec.ports}
            is_there = address in container.addresses.values() and port in container.behaviour.ports
            is_published = bool({(address, port), ("0.0.0.0", port)} & published) and address.startswith("127.")
            if (is_there or is_published) and self.is_ready(container):
                return container
        return None

    def members(self, network: str) -> Iterator[FakeContainer]:
        """Containers that are joined to it, running or not."""
        return (container for container in self.containers.values() if network in container.networks)

    def ours(self) -> Mapping[str, FakeContainer]:
        """The containers that carry our key."""
        return {name: held for name, held in self.containers.items() if LABEL_KEY in held.spec.labels}

    def _run(self, container: FakeContainer) -> None:
        container.state = "running"
        container.killed_at_s = None
        container.started_at_s = self.clock.monotonic_s()
        container.started_at = self.clock.now().isoformat()
        for offset, (stream, text) in enumerate(container.behaviour.output):
            at = self.clock.now() + timedelta(microseconds=len(container.written) + offset)
            container.written.append(OutputLine(text, stream, at.isoformat()))

    def _end(self, container: FakeContainer, exit_code: int) -> None:
        container.state, container.exit_code = "exited", exit_code
        container.addresses = {}

    def _address(self, container: FakeContainer, name: str, attachment: Attachment) -> str:
        network = self.networks.get(name)
        if network is None:
            raise Failed("engine.failed", f"network {name} not found", thing=container.spec.name)
        taken = {held.addresses[name] for held in self.members(name) if name in held.addresses}
        if attachment.address:
            if attachment.address in taken:
                raise Conflict("engine.address", "Address already in use", thing=container.spec.name)
            return attachment.address
        pool = ipaddress.ip_network(network.spec.dynamic_range or network.spec.subnet)
        free = (str(host) for host in islice(pool.hosts(), 1, None) if str(host) not in taken)
        return next(free)


def comes_back(container: FakeContainer) -> bool:
    """Whether its restart policy brings it back after it ended by itself."""
    policy, _, most = container.spec.restart.partition(":")
    if policy == "on-failure":
        return container.exit_code != 0 and container.restart_count < int(most or "1000")
    return policy in {"always", "unless-stopped"}


def renamed(image: Image, tags: set[str], digests: set[str]) -> Image:
    """The same image under other names."""
    return Image(
        id=image.id,
        digests=tuple(sorted(digests)),
        tags=tuple(sorted(tags)),
        size_bytes=image.size_bytes,
        labels=image.labels,
        has_healthcheck=image.has_healthcheck,
        volumes=image.volumes,
    )


def nameless(held: FakeImage) -> FakeImage:
    """The image as a registry keeps it: what it is called on a host is the host's affair."""
    return FakeImage(renamed(held.image, set(), set()), held.script)


def without_tag(reference: str) -> str:
    """``host:5000/books:1`` is ``host:5000/books``."""
    head, slash, last = reference.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"
