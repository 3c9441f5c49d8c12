"""What a project file says of one service, after Compose and fairlead.yml were read together for one environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

from fairlead.domain.text import Text


class Role(StrEnum):
    """How a deployment treats the service.

    routed      swapped blue-green behind one or more routes
    internal    swapped with the slot, no route, has a port that siblings call, or siblings that depend on it
    worker      no port: swapped after the switch
    recreate    stopped before its successor starts (published ports, exclusive volumes)
    accessory   started once in the environment, never swapped
    one_shot    runs to its end in the idle slot before the others
    """

    ROUTED = "routed"
    INTERNAL = "internal"
    WORKER = "worker"
    RECREATE = "recreate"
    ACCESSORY = "accessory"
    ONE_SHOT = "one_shot"


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """GET `path` on the service's port; 200–399 is healthy."""

    path: str


@dataclass(frozen=True, slots=True)
class TcpProbe:
    """A connection to the service's port is accepted."""


@dataclass(frozen=True, slots=True)
class ExecProbe:
    """The command, run in the container, ends with 0."""

    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImageProbe:
    """The image's own HEALTHCHECK says healthy."""


@dataclass(frozen=True, slots=True)
class RunningProbe:
    """The container stays running: all that can be asked of a service without port or check."""


Probe: TypeAlias = HttpProbe | TcpProbe | ExecProbe | ImageProbe | RunningProbe


@dataclass(frozen=True, slots=True)
class Health:
    """When an instance is ready: `healthy` answers in a row within `within_s`; probed each 50 ms until the first."""

    probe: Probe = field(default_factory=RunningProbe)
    interval_s: float = 1.0
    timeout_s: float = 2.0
    healthy: int = 2
    within_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Route:
    """What users reach: host and path, at the proxy. `certificate` names one that was given to the server."""

    host: str
    path: str = "/"
    tls: bool = False
    redirect_http: bool = False


@dataclass(frozen=True, slots=True)
class Build:
    """How a service's image is made from the repository; paths are relative to the repository's root."""

    context: str = "."
    dockerfile: str = "Dockerfile"
    target: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Text] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Volume:
    """A named volume of the project and environment, mounted at `path`; without a name it dies with its instance."""

    name: str
    path: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Bind:
    """A path of the host (only where policy allows it), mounted at `path`."""

    source: str
    path: str
    read_only: bool = True


@dataclass(frozen=True, slots=True)
class Tmpfs:
    """Memory mounted at `path`; `options` as the engine takes them (``size=64m,mode=1777``)."""

    path: str
    options: str = ""


Mount: TypeAlias = Volume | Bind | Tmpfs


@dataclass(frozen=True, slots=True)
class Filling:
    """How a file is filled in before it is put into a container: its tokens, the places that variables are named after,
    or both; with the variables that it asks for, secrets by reference."""

    is_template: bool
    is_structured: bool
    values: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class File:
    """A config or secret that is put into the container at `path` before it starts.

    `content` is text (a secret by reference) or, where `blob` is given, the key of bytes that travel in the release;
    `source` is their path in the repository.
    """

    path: str
    content: Text = ""
    blob: str = ""
    mode: int = 0o444
    uid: int = 0
    gid: int = 0
    is_secret: bool = False
    source: str = ""
    filling: Filling | None = None


@dataclass(frozen=True, slots=True)
class Dependency:
    """`depends_on`, with Compose's condition."""

    service: str
    condition: Literal["service_started", "service_healthy", "service_completed_successfully"] = "service_started"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one instance may use; 0 means no bound of ours. `memory_bytes` is also what the room check counts."""

    memory_bytes: int = 0
    memory_reservation_bytes: int = 0
    cpus: float = 0.0
    pids: int = 0
    shm_size_bytes: int = 0
    ulimits: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """A port of the host, for recreate services and accessories only; policy must allow it."""

    host_ip: str
    host_port: int
    container_port: int
    protocol: Literal["tcp", "udp"] = "tcp"


@dataclass(frozen=True, slots=True)
class Harm:
    """Something that could harm the host, and is refused unless policy allows it (law 7).

    `key` is what `fairlead policy allow` takes (``privileged``, ``bind:/srv/data``, ``cap_add:NET_ADMIN``,
    ``port:127.0.0.1:8080``, ``port:0.0.0.0:53/udp``, ``device:/dev/kvm``, ``engine_socket:/var/run/docker.sock``,
    ``security_opt:seccomp=unconfined``, ``sysctl:kernel.msgmax``, ``pid:host``, ``ipc:host``, ``network_mode:host``,
    ``log_driver:syslog``);
    `where` says file and line.
    """

    key: str
    service: str
    where: str


@dataclass(frozen=True, slots=True)
class Service:
    """One container definition of a project, resolved for one environment."""

    name: str
    role: Role
    image: str = ""
    build: Build | None = None
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    environment: Mapping[str, Text] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    files: tuple[File, ...] = ()
    depends_on: tuple[Dependency, ...] = ()
    restart: str = "unless-stopped"
    stop_grace_s: float = 10.0
    stop_signal: str = ""
    user: str = ""
    working_dir: str = ""
    hostname: str = ""
    init: bool = False
    read_only: bool = False
    tty: bool = False
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    privileged: bool = False
    security_opt: tuple[str, ...] = ()
    network_mode: str = ""
    pid_mode: str = ""
    ipc_mode: str = ""
    devices: tuple[str, ...] = ()
    extra_hosts: Mapping[str, str] = field(default_factory=dict)
    sysctls: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    log_driver: str = ""
    log_options: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    ports: tuple[PublishedPort, ...] = ()
    replicas: int = 1
    port: int = 0
    routes: tuple[Route, ...] = ()
    health: Health = field(default_factory=Health)
    drain_s: float = 60.0
    standby_s: float = 0.0
    overlap: bool = False
    networks: tuple[str, ...] = ()

    @property
    def is_swapped(self) -> bool:
        """Whether it stands in a slot and changes with each release."""
        return self.role is not Role.ACCESSORY


@dataclass(frozen=True, slots=True)
class MigrationCommand:
    """A command that belongs to a migration, run once in a container of the service's new image."""

    service: str
    command: tuple[str, ...]
    timeout_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Database:
    """The database that a migration changes: what the schema gate makes its scratch copy of.

    Either `accessory` holds it, and stands in for itself, empty, under its own name; or `source` is a URL to copy from:
    then `image` (by digest) is the PostgreSQL that the copy is made in, and `variable` what services and tests read its
    address from. `rows` are tables whose rows are copied too, beside those that migration tools keep their books in.
    """

    accessory: str = ""
    source: Text = ""
    image: str = ""
    variable: str = ""
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Migration:
    """A command run once in a container of the service's new image, before the idle slot starts.

    With a `database` it is tried first on a scratch copy of the schema, with the old release's tests (the schema gate).
    `backup` runs before it; `after_retire` is the contracting half: it runs once the old release is gone.
    """

    service: str
    command: tuple[str, ...]
    timeout_s: float = 600.0
    database: Database | None = None
    backup: MigrationCommand | None = None
    after_retire: MigrationCommand | None = None


TestKind: TypeAlias = Literal["pre-deployment", "pre-integration", "post-integration", "schema"]


@dataclass(frozen=True, slots=True)
class Tests:
    """The project's tests: one image, one command for all kinds; the kind arrives as TEST_TYPE.

    `kinds` says which are run; `services` are those that stand beside the pre-deployment tests; `built_services` those
    whose *built* images are started in a throw-away network before anything is pushed.
    """

    __test__ = False

    build: Build | None = None
    image: str = ""
    command: tuple[str, ...] = ()
    environment: Mapping[str, Text] = field(default_factory=dict)
    kinds: tuple[TestKind, ...] = ("pre-deployment", "pre-integration", "post-integration")
    services: tuple[str, ...] = ()
    built_services: tuple[str, ...] = ()
    timeout_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Definition:
    """A project file compiled for one environment: what the release's process deploys there.

    `warnings` name what is not honoured or was replaced; `harms` what policy must allow; `blobs` the keys of bytes
    that travel in the release (configs, read-only binds inside the repository) with their SHA-256.
    """

    project: str
    services: tuple[Service, ...]
    migration: Migration | None = None
    tests: Tests | None = None
    volumes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    harms: tuple[Harm, ...] = ()
    blobs: Mapping[str, str] = field(default_factory=dict)

    def service(self, name: str) -> Service:
        """The service of that name; KeyError where there is none."""
        for service in self.services:
            if service.name == name:
                return service
        raise KeyError(name)
