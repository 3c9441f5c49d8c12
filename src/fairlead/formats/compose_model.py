"""The Compose keys that Fairlead honours, short forms already turned into long ones."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from fairlead.formats.scalars import (
    AnyText,
    Flag,
    KeyTexts,
    KeyWords,
    Number,
    Pids,
    Seconds,
    Size,
    Whole,
    WordList,
    Words,
    long_form,
    of_each,
    whole,
    words,
    wrong,
)
from fairlead.formats.shape import Shape
from fairlead.formats.unhonoured import NOT_HONOURED, NotHonoured

PORT_LIMIT = 65_535
MODE: dict[str, Any] = {"type": ["string", "integer"]}
ULIMITS = frozenset(
    {
        "core",
        "cpu",
        "data",
        "fsize",
        "locks",
        "memlock",
        "msgqueue",
        "nice",
        "nofile",
        "nproc",
        "rss",
        "rtprio",
        "rttime",
    }
    | {"sigpending", "stack"}
)
"""All that the engine knows (docker run --ulimit)."""

RANGE_LIMIT = 256
"""Ports that one range may publish."""


class BuildSecret(Shape):
    """A build's use of a top-level secret; the Dockerfile knows it by `target`."""

    source: Words
    target: Words = ""
    uid: NotHonoured = None
    gid: NotHonoured = None
    mode: NotHonoured = None


def file_uses_of(value: object) -> object:
    """A list of names or long forms."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong("a list of names")
    return [entry if isinstance(entry, dict) else {"source": entry} for entry in value]


BuildSecrets = Annotated[
    list[BuildSecret], BeforeValidator(file_uses_of, json_schema_input_type=list[str | BuildSecret])
]


class BuildModel(Shape):
    """How the image is made."""

    context: Words = Field("", description="The directory of the build, from the repository's root.")
    dockerfile: Words = Field("Dockerfile", description="The Dockerfile, from the context; it may lie beside it.")
    target: Words = Field("", description="The stage to build.")
    args: KeyTexts = Field(default_factory=dict, description="Build arguments; the same in every environment.")
    labels: KeyWords = Field(default_factory=dict, description="Labels of the image.")
    secrets: BuildSecrets = Field(
        default_factory=list, description="Top-level secrets that the build may read, by name (needs BuildKit)."
    )


class HealthcheckModel(Shape):
    """Compose's own check, run in the container."""

    test: Annotated[Any, PlainValidator(lambda value: _test(value))] = None
    interval: Seconds | None = None
    timeout: Seconds | None = None
    retries: Whole | None = None
    start_period: Seconds | None = None
    start_interval: Seconds | None = None
    disable: Flag = False


class TmpfsModel(Shape):
    """Options of memory mounted in a container."""

    size: Size | None = None
    mode: Annotated[int | None, PlainValidator(lambda value: _mode(value, "1777")), WithJsonSchema(MODE)] = None


class BindModel(Shape):
    """Options of a bind."""

    create_host_path: Any = None
    propagation: NotHonoured = None
    recursive: NotHonoured = None
    selinux: NotHonoured = None


class VolumeOptions(Shape):
    """Options of a named volume's use."""

    nocopy: Annotated[Flag, NOT_HONOURED] = False
    labels: NotHonoured = None
    subpath: Words = ""


class VolumeMount(Shape):
    """One entry of a service's `volumes`."""

    type: Literal["volume", "bind", "tmpfs"] = "volume"
    source: Words = ""
    target: Words
    read_only: Flag = False
    bind: BindModel | None = None
    volume: VolumeOptions | None = None
    tmpfs: TmpfsModel | None = None
    consistency: Any = None


class PortModel(Shape):
    """One entry of a service's `ports`; short forms may stand for several, see `ports_of`."""

    target: Whole = Field(ge=1, le=PORT_LIMIT)
    published: Whole = Field(0, ge=0, le=PORT_LIMIT)
    host_ip: Words = ""
    protocol: Literal["tcp", "udp"] = "tcp"
    mode: Any = None
    name: Any = None
    app_protocol: Any = None


class DependencyModel(Shape):
    """One entry of `depends_on`."""

    condition: Literal["service_started", "service_healthy", "service_completed_successfully"] = "service_started"
    required: Flag = True
    restart: Flag = False


class EnvFileModel(Shape):
    """One entry of `env_file`."""

    path: Words
    required: Flag = True
    format: Literal["raw"] | None = None


class FileUse(Shape):
    """A service's use of a top-level secret or config."""

    source: Words
    target: Words = ""
    uid: Whole = 0
    gid: Whole = 0
    mode: Annotated[int, PlainValidator(lambda value: _mode(value))] = 0o444


class LoggingModel(Shape):
    """Where the container's output goes."""

    driver: Words = ""
    options: KeyWords = Field(default_factory=dict)


class ResourceModel(Shape):
    """One side of `deploy.resources`."""

    cpus: Number = 0.0
    memory: Size = 0
    pids: Pids = 0
    devices: Any = None


class ResourcesModel(Shape):
    """`deploy.resources`."""

    limits: ResourceModel = Field(default_factory=ResourceModel)
    reservations: ResourceModel = Field(default_factory=ResourceModel)


class DeployModel(Shape):
    """`deploy`, as far as one host has it."""

    replicas: Whole | None = None
    resources: ResourcesModel = Field(default_factory=ResourcesModel)


class NetworkUse(Shape):
    """A service's membership in a network."""

    aliases: WordList = ()
    ipv4_address: Words = ""
    ipv6_address: Words = ""
    link_local_ips: NotHonoured = None
    mac_address: NotHonoured = None
    priority: NotHonoured = None
    gw_priority: NotHonoured = None
    interface_name: NotHonoured = None
    driver_opts: NotHonoured = None


class VolumeModel(Shape):
    """A top-level volume."""

    name: Words = ""
    driver: Words = ""
    driver_opts: KeyWords = Field(default_factory=dict)
    labels: NotHonoured = None
    external: Flag = False


class NetworkModel(Shape):
    """A top-level network; it is folded into Fairlead's own."""

    name: Words = ""
    internal: Flag = False
    external: Flag = False
    driver: Words = ""
    driver_opts: Any = None
    attachable: Any = None
    enable_ipv4: Any = None
    enable_ipv6: Any = None
    ipam: Any = None
    labels: Any = None


class SourceModel(Shape):
    """A top-level secret or config: exactly one of file, environment, content."""

    file: Words = Field("", description="A file of the repository.")
    environment: Words = Field("", description="The name of a Fairlead variable, often a secret one.")
    content: AnyText | None = Field(None, description="The text itself; #{Name} may stand in it.")
    name: Any = None
    external: Flag = False
    labels: Any = None


def ports_of(value: object) -> list[object]:
    """Every form of `ports` as long forms; ranges spread out."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong("a list of ports")
    return [port for ports in of_each(enumerate(value), _ports) for port in ports]


def _ports(entry: object) -> list[object]:
    return [entry] if isinstance(entry, dict) else _short_port(entry)


_SHORT_PORT = re.compile(
    r"(?:(?P<ip>\[[0-9a-fA-F:]+\]|\d+(?:\.\d+){3}):)?(?:(?P<host>\d+(?:-\d+)?)?:)?(?P<port>\d+(?:-\d+)?)(?:/(?P<protocol>tcp|udp))?"
)


def _short_port(entry: object) -> list[object]:
    expected = "a port ([IP:][HOST:]CONTAINER[/tcp|udp])"
    found = _SHORT_PORT.fullmatch(words(entry, expected))
    if not found:
        raise wrong(expected)
    inner, outer = _range(found["port"], expected), _range(found["host"], expected) if found["host"] else None
    if outer is not None and len(outer) != len(inner):
        raise wrong("as many ports of the host as of the container")
    return [
        {
            "target": port,
            "published": outer[at] if outer else 0,
            "host_ip": (found["ip"] or "").strip("[]"),
            "protocol": found["protocol"] or "tcp",
        }
        for at, port in enumerate(inner)
    ]


def _range(written: str, expected: str) -> list[int]:
    first, _, last = written.partition("-")
    if len(written) > 11:
        raise wrong(expected)
    span = range(int(first), int(last or first) + 1)
    if not 1 <= len(span) <= RANGE_LIMIT or not 1 <= span[0] <= span[-1] <= PORT_LIMIT:
        raise wrong(f"ports from 1 to {PORT_LIMIT}, at most {RANGE_LIMIT} of them")
    return list(span)


def volumes_of(value: object) -> list[object]:
    """Every form of a service's `volumes` as long forms."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong("a list of volumes")
    return of_each(enumerate(value), lambda entry: entry if isinstance(entry, dict) else _short_volume(entry))


def _short_volume(entry: object) -> dict[str, object]:
    expected = "a volume ([SOURCE:]PATH[:ro])"
    parts = words(entry, expected).split(":")
    if len(parts) > 3 or not parts[0] or (len(parts) > 1 and not parts[1]):
        raise wrong(expected)
    if len(parts) == 1:
        return {"type": "volume", "target": parts[0]}
    options = set(parts[2].split(",")) if len(parts) == 3 else set()
    if options - {"ro", "rw", "z", "Z", "cached", "delegated", "consistent", "nocopy"}:
        raise wrong(expected)
    is_path = parts[0].startswith((".", "/", "~"))
    return {
        "type": "bind" if is_path else "volume",
        "source": parts[0],
        "target": parts[1],
        "read_only": "true" if "ro" in options else "false",
        **({"volume": {"nocopy": "true"}} if "nocopy" in options else {}),
    }


def dependencies_of(value: object) -> object:
    """A list of names, or the mapping with conditions."""
    if value is None:
        return {}
    if isinstance(value, list):
        return {name: {} for name in of_each(enumerate(value), lambda name: words(name, "a service's name"))}
    return {name: {} if held is None else held for name, held in value.items()} if isinstance(value, dict) else value


def env_files_of(value: object) -> object:
    """One path, a list of paths, or long forms."""
    entries = value if isinstance(value, list) else [] if value is None else [value]
    return [entry if isinstance(entry, dict) else {"path": entry} for entry in entries]


def networks_of(value: object) -> object:
    """A list of names, or the mapping with options."""
    if isinstance(value, list):
        return {name: {} for name in of_each(enumerate(value), lambda name: words(name, "a network's name"))}
    if isinstance(value, dict):
        return {name: {} if held is None else held for name, held in value.items()}
    return {} if value is None else value


def ulimits_of(value: object) -> dict[str, tuple[int, int]]:
    """``nofile: 1024`` or ``nofile: {soft: …, hard: …}``."""
    if not isinstance(value, dict):
        raise wrong("a mapping of limits")
    names = of_each(((str(name), str(name)) for name in value), _limit_name)
    return dict(zip(names, of_each(value.items(), _ulimit), strict=True))


def _limit_name(written: object) -> str:
    if written not in ULIMITS:
        raise wrong(f"the name of a limit: {', '.join(sorted(ULIMITS))}")
    return str(written)


def _ulimit(value: object) -> tuple[int, int]:
    if isinstance(value, dict):
        if set(value) != {"soft", "hard"}:
            raise wrong("a number, or soft and hard")
        soft, hard = _limit(value["soft"]), _limit(value["hard"])
        if hard != -1 and not 0 <= soft <= hard:
            raise wrong("a soft limit that is not over the hard one")
        return soft, hard
    return _limit(value), _limit(value)


def _limit(value: object) -> int:
    return -1 if value == "-1" else whole(value)


def hosts_of(value: object) -> dict[str, str]:
    """``name:address`` or ``name=address`` in a list, or a mapping."""
    if value is None:
        return {}
    if isinstance(value, dict):
        names = of_each(((str(name), str(name)) for name in value), _host_name)
        return dict(zip(names, of_each(value.items(), _address), strict=True))
    if not isinstance(value, list):
        raise wrong("a list of NAME:ADDRESS, or a mapping")
    return dict(of_each(enumerate(value), _host))


def _host(entry: object) -> tuple[str, str]:
    written = words(entry, "NAME:ADDRESS")
    name, _, address = written.partition("=") if "=" in written else written.partition(":")
    return _host_name(name), _address(address)


def _host_name(written: object) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,253}", str(written)):
        raise wrong(f"NAME:ADDRESS with a host's name, not {str(written)[:60]!r}")
    return str(written)


def _address(value: object) -> str:
    written = words(value, "an address").removeprefix("[").removesuffix("]")
    if written != "host-gateway":
        try:
            ipaddress.ip_address(written)
        except ValueError as error:
            raise wrong(f"NAME:ADDRESS with an IP address or host-gateway, not {written[:60]!r}") from error
    return written


def _test(value: object) -> tuple[str, ...] | None:
    """The check's command; () for none at all, None where nothing is said."""
    if value is None:
        return None
    if isinstance(value, str):
        return () if value == "NONE" else ("/bin/sh", "-c", value)
    expected = "one line, or a list that begins with CMD, CMD-SHELL or NONE"
    if not isinstance(value, list) or not value:
        raise wrong(expected)
    parts = [words(part, expected) for part in value]
    if parts[0] == "NONE" and len(parts) == 1:
        return ()
    if parts[0] == "CMD" and len(parts) > 1:
        return tuple(parts[1:])
    if parts[0] == "CMD-SHELL" and len(parts) > 1:  # more parts are the shell's arguments, as the engine has it
        return ("/bin/sh", "-c", *parts[1:])
    raise wrong(expected)


def _mode(value: object, example: str = "0444") -> int:
    expected = f"a mode in octal ({example})"
    written = words(value, expected).removeprefix("0o")
    if not re.fullmatch(r"0?[0-7]{3,4}", written):
        raise wrong(expected)
    return int(written, 8)


Build = Annotated[BuildModel, long_form("context", str | BuildModel)]
Ports = Annotated[list[PortModel], BeforeValidator(ports_of, json_schema_input_type=list[str | int | PortModel])]
Mounts = Annotated[list[VolumeMount], BeforeValidator(volumes_of, json_schema_input_type=list[str | VolumeMount])]
DependsOn = Annotated[
    dict[str, DependencyModel],
    BeforeValidator(dependencies_of, json_schema_input_type=list[str] | dict[str, DependencyModel | None]),
]
EnvFiles = Annotated[
    list[EnvFileModel],
    BeforeValidator(env_files_of, json_schema_input_type=str | list[str | EnvFileModel]),
]
FileUses = Annotated[list[FileUse], BeforeValidator(file_uses_of, json_schema_input_type=list[str | FileUse])]
Networks = Annotated[
    dict[str, NetworkUse],
    BeforeValidator(networks_of, json_schema_input_type=list[str] | dict[str, NetworkUse | None]),
]
Ulimits = Annotated[dict[str, Any], PlainValidator(ulimits_of), WithJsonSchema({"type": "object"})]
Hosts = Annotated[dict[str, str], PlainValidator(hosts_of), WithJsonSchema({"type": ["object", "array"]})]
