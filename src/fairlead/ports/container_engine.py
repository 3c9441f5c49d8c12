"""An engine that runs containers on one target (Docker's API), in the few verbs that a deployment needs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from fairlead.domain.service import Limits, Mount, PublishedPort
from fairlead.ports.catalogue import Place

LABEL_KEY = "io.fairlead.key"
LABEL_PROJECT = "io.fairlead.project"
LABEL_ENVIRONMENT = "io.fairlead.environment"
LABEL_TENANT = "io.fairlead.tenant"
LABEL_DEPLOYMENT = "io.fairlead.deployment"
LABEL_TASK = "io.fairlead.task"
LABEL_RELEASE = "io.fairlead.release"
LABEL_COLOUR = "io.fairlead.colour"
LABEL_SERVICE = "io.fairlead.service"
LABEL_INSTALLATION = "io.fairlead.installation"
LABEL_KIND = "io.fairlead.kind"
LABEL_ROLE = "io.fairlead.role"
LABEL_VERSION = "io.fairlead.version"
LABEL_CONFIGURATION = "io.fairlead.configuration"
LABEL_INSTANCE = "io.fairlead.instance"
LABEL_STEP = "io.fairlead.step"
LABEL_RUNBOOK = "io.fairlead.runbook"
LABEL_TARGET = "io.fairlead.target"


def labels_of(place: Place) -> dict[str, str]:
    """What everything of the place carries, and nothing of another: the environment's label names the tenant, too,
    where there is one, so that a search for what is untenanted finds nothing of tenants."""
    return {LABEL_PROJECT: place.project, LABEL_ENVIRONMENT: place.where}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A network that a container joins, by the network's name; `address` fixed by us, or "" for any."""

    network: str
    aliases: tuple[str, ...] = ()
    address: str = ""


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file put into the container before it starts, in clear: made at the last moment, never kept in a plan."""

    path: str
    content: bytes
    mode: int = 0o444
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """A container as it is to be made. `image` is a digest reference or an image id; `labels` hold LABEL_KEY.

    `environment` and `files` are in clear here: the spec is put together inside the effect and never stored.
    """

    name: str
    image: str
    labels: Mapping[str, str]
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    networks: tuple[Attachment, ...] = ()
    network_mode: str = ""
    mounts: tuple[Mount, ...] = ()
    files: tuple[FileContent, ...] = ()
    restart: str = "no"
    stop_grace_s: float = 10.0
    stop_signal: str = ""
    user: str = ""
    working_dir: str = ""
    hostname: str = ""
    init: bool = False
    read_only: bool = False
    tty: bool = False
    privileged: bool = False
    pid_mode: str = ""
    ipc_mode: str = ""
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    extra_hosts: Mapping[str, str] = field(default_factory=dict)
    sysctls: Mapping[str, str] = field(default_factory=dict)
    log_driver: str = ""
    log_options: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    ports: tuple[PublishedPort, ...] = ()
    reads_input: bool = False


@dataclass(frozen=True, slots=True)
class Container:
    """A container as the engine tells it. `configuration` is what stays the same over a restart, for captures."""

    id: str
    name: str
    state: Literal["created", "running", "paused", "restarting", "removing", "exited", "dead"]
    labels: Mapping[str, str]
    image_id: str
    addresses: Mapping[str, str]
    exit_code: int = 0
    oom_killed: bool = False
    health: Literal["", "starting", "healthy", "unhealthy"] = ""
    restart_count: int = 0
    started_at: str = ""
    configuration: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """A network with a subnet ("": the engine chooses one), whose first address is the gateway's unless one is said.

    `dynamic_range` (CIDR) keeps unfixed addresses off the fixed ones. `options` are the driver's own.
    """

    name: str
    subnet: str
    labels: Mapping[str, str]
    dynamic_range: str = ""
    internal: bool = False
    driver: str = "bridge"
    gateway: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Network:
    """A network as the engine tells it; what its subnets have beside them in the same order."""

    id: str
    name: str
    subnets: tuple[str, ...]
    labels: Mapping[str, str]
    members: tuple[str, ...] = ()
    driver: str = "bridge"
    internal: bool = False
    gateways: tuple[str, ...] = ()
    dynamic_ranges: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VolumeEntry:
    """A named volume as the engine tells it."""

    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Image:
    """An image on the host. `size_bytes` is the whole of its layers; `digests` the repository digests it has."""

    id: str
    digests: tuple[str, ...]
    tags: tuple[str, ...]
    size_bytes: int
    labels: Mapping[str, str]
    has_healthcheck: bool = False
    volumes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Credentials:
    """For a registry; in clear, only inside an effect."""

    user: str
    password: str


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """One image build. `context` is a directory on the server. The adapter honours `.dockerignore` in it, or in its
    place the `<dockerfile>.dockerignore` beside the Dockerfile, which may lie outside of the context: whoever asks has
    made sure that both are the repository's."""

    context: str
    dockerfile: str
    tags: tuple[str, ...]
    target: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    cache_from: tuple[str, ...] = ()
    no_cache: bool = False
    credentials: Mapping[str, Credentials] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resources:
    """What the host has left: memory that can be had without swapping, disk where images and layers live.

    −1 where it cannot be told (free memory and disk of a host that is not ours).
    """

    memory_free_bytes: int
    disk_free_bytes: int
    cpus: int


@dataclass(frozen=True, slots=True)
class ExecResult:
    """How a command in a container ended, with its output (both streams, bounded to 64 KiB)."""

    exit_code: int
    output: str


@dataclass(frozen=True, slots=True)
class OutputLine:
    """One line that a container wrote; `at` is the engine's RFC 3339 time, "" where it gives none."""

    text: str
    stream: Literal["stdout", "stderr"]
    at: str = ""


@dataclass(frozen=True, slots=True)
class Exited:
    """How a command in a container ended."""

    exit_code: int


class ContainerEngine(Protocol):
    """One engine on one target. Every verb is safe to ask twice.

    *Twice is once*: `ensure_…` adopts what carries the same LABEL_KEY and the same name, and finishes what a death left
    half made (created but not connected, connected but without its files). *Gone is fine*: stopping or removing what
    is not there succeeds. *Nothing of others is touched*: a name held by something with another key (or none) raises
    `Conflict("engine.stranger")` naming it; removing anything that does not carry our LABEL_KEY raises the same.
    *Cancelled is describable*: after a cancellation `container(name)` and friends tell what is so, and it stays so;
    only a stop that was begun goes on to its end.
    Errors: `Unreachable("engine.unreachable")` when it does not answer; `Failed("engine.failed")` with the engine's own
    words; more precise codes where known (`engine.address`, `image.unknown`, `host.port`, `host.disk`). Every
    call is bounded by the caller's timeout; the adapter adds only a connect timeout.
    """

    async def version(self) -> str:
        """The engine's version; the cheapest way to ask whether it answers."""
        ...

    async def resources(self) -> Resources:
        """What the host has left now."""
        ...

    async def used_subnets(self) -> Sequence[str]:
        """CIDRs of all networks of the engine, ours and others'."""
        ...

    # containers
    async def ensure_container(self, spec: ContainerSpec) -> Container:
        """Made, connected to each network, its files put; not started.

        One of this key that has run, or runs, is adopted as it is. Files that cannot lie in the container's own layer
        (read-only root, below another mount) get an anonymous volume for their directory, which goes with the
        container. A restart policy `always` is kept as `unless-stopped`.
        """
        ...

    async def start(self, name: str) -> Container:
        """Running (or already ended by itself). `engine.address` where the fixed address is taken."""
        ...

    async def stop(self, name: str, *, grace_s: float) -> None:
        """Not running: its stop signal, then KILL after `grace_s`. Its restart policy does not bring it back."""
        ...

    async def keep_up(self, name: str, restart: str) -> None:
        """Set its restart policy, in the words of `ContainerSpec.restart`: whether it comes back
        when it dies, and when the host was restarted. It is not interrupted. `NotFound("engine.gone")` where it is
        gone."""
        ...

    async def remove(self, name: str) -> None:
        """Not there any more, its anonymous volumes neither; kills it where it runs."""
        ...

    async def container(self, name: str) -> Container | None:
        """By name or id; None where there is none."""
        ...

    async def containers(self, labels: Mapping[str, str]) -> Sequence[Container]:
        """All, stopped ones too, whose labels hold all of these (a value of "" asks for presence alone)."""
        ...

    async def inspected(self, name: str) -> Mapping[str, object] | None:
        """All that the engine itself tells of the container, as JSON in the engine's own words (`docker inspect`);
        None where there is none. Its environment is in clear: whoever keeps it masks it first."""
        ...

    async def running(self, labels: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
        """The labels of those of `containers` that run, or that the engine is bringing up again; one question however
        many there are."""
        ...

    async def wait(self, name: str) -> int:
        """The exit code once it has ended; at once where it already has. A restart by its policy is no end."""
        ...

    def output(self, name: str, *, follow: bool, tail: int = 0, since: str = "") -> AsyncIterator[OutputLine]:
        """What it wrote, in order; with `follow` until it ends. Lines are cut at 8 KiB.

        `tail` 0 means from its start, else about as many lines (the engine counts a line over 16 KiB several times).
        `since` is a line's `at`: that line, and what came after it.
        """
        ...

    async def execute(self, name: str, command: Sequence[str], *, timeout_s: float) -> ExecResult:
        """Run a command inside; at the bound `TimedOut("step.timed_out")`."""
        ...

    def executing(
        self, name: str, command: Sequence[str], *, stdin: bytes | None = None
    ) -> AsyncIterator[OutputLine | Exited]:
        """Run a command inside: what it writes, line by line as it comes, and last `Exited`. Lines are cut at 8 KiB and
        carry no time. `stdin` is what it finds on its standard input, with an end behind it; it need not read it. Where
        the caller stops listening, the command may go on inside; the caller bounds the time."""
        ...

    def fed(self, name: str, content: bytes) -> AbstractAsyncContextManager[None]:
        """Starts a container that was made with `reads_input`; inside of the block it finds the content on its standard
        input, with an end behind it. Leaving the block ends the input where it is: leave it when the command has ended.
        """
        ...

    async def copy_out(self, name: str, path: str, *, limit_bytes: int) -> Mapping[str, bytes]:
        """Regular files below `path` by relative name; {} where the path is not there; `input.too_large` over it."""
        ...

    # networks and volumes
    async def ensure_network(self, spec: NetworkSpec) -> Network:
        """Made as described, or adopted by key whatever its shape. `Conflict("network.pool")` where the subnet overlaps
        another."""
        ...

    async def remove_network(self, name: str) -> None:
        """Gone; its stopped members are disconnected with it, running ones raise `engine.failed`."""
        ...

    async def networks(self, labels: Mapping[str, str]) -> Sequence[Network]:
        """All whose labels hold all of these."""
        ...

    async def inspected_network(self, name: str) -> Mapping[str, object] | None:
        """As `inspected`, of a network."""
        ...

    async def ensure_volume(self, name: str, labels: Mapping[str, str]) -> VolumeEntry:
        """There; adopted when it carries the same project and environment labels."""
        ...

    async def remove_volume(self, name: str) -> None:
        """Gone. Ours are those that carry LABEL_KEY or LABEL_PROJECT."""
        ...

    async def volumes(self, labels: Mapping[str, str]) -> Sequence[VolumeEntry]:
        """All whose labels hold all of these."""
        ...

    # images
    async def build(self, request: BuildRequest, say: Callable[[str], None]) -> Image:
        """Built and tagged; `say` gets each line of output. `Failed("image.build")` with the last lines."""
        ...

    async def pull(self, reference: str, credentials: Credentials | None, say: Callable[[str], None]) -> Image:
        """There under `reference` (by digest); at once where it already is."""
        ...

    async def push(self, tag: str, credentials: Credentials | None, say: Callable[[str], None]) -> str:
        """Pushed; the manifest's digest (``sha256:…``) as the registry has it."""
        ...

    async def tag(self, image: str, tag: str) -> None:
        """The image is also known as `tag`."""
        ...

    async def image(self, reference: str) -> Image | None:
        """By id, tag or digest; None where it is not on this host."""
        ...

    async def images(self, labels: Mapping[str, str]) -> Sequence[Image]:
        """All whose labels hold all of these."""
        ...

    async def remove_image(self, reference: str) -> None:
        """That name is gone (the image too when it was the last); in use is fine and leaves it."""
        ...
