"""Proposes a fairlead.yml for a repository that has a Compose file or only a Dockerfile."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fairlead.domain.errors import Invalid
from fairlead.formats.compose_files import COMPOSE_NAMES, ComposeReader
from fairlead.formats.compose_model import PortModel, VolumeMount, ports_of, volumes_of
from fairlead.formats.dockerfile import exposed_ports
from fairlead.formats.files import Files, Overlaid, clean
from fairlead.formats.findings import Findings
from fairlead.formats.init_mounts import Settled, settled
from fairlead.formats.node import Items, Mark, Node, Scalar, Table, to_plain
from fairlead.formats.project import validate
from fairlead.formats.sources import PROJECT_FILE, dotenv_of, profiles_of
from fairlead.formats.yaml_text import scalar

ACCESSORY_IMAGES = frozenset(
    {"cassandra", "clickhouse-server", "cockroach", "couchdb", "elasticsearch", "etcd", "influxdb", "kafka", "mailhog"}
    | {"mailpit", "mariadb", "meilisearch", "memcached", "minio", "mongo", "mongodb", "mssql-server", "mysql", "nats"}
    | {"neo4j", "opensearch", "percona", "pgvector", "postgis", "postgres", "postgresql", "rabbitmq", "redis"}
    | {"redpanda", "rethinkdb", "timescaledb", "valkey", "zookeeper"}
)
"""Last parts of image names that hold data or connect others: started once, never swapped."""

GUESSED_PORT = 8080
UNKNOWN_PORT = 1
"""Stands for what a variable without a value says: nobody's service listens there."""

_VARIABLE = re.compile(r"\$(?:\{(?P<name>\w+)(?::?-(?P<default>[^}]*))?[^}]*\}|(?P<bare>\w+))")
_HEALTHCHECK = re.compile(r"^\s*HEALTHCHECK\s+(?!NONE)", re.IGNORECASE | re.MULTILINE)
_VOLUME = re.compile(r"^\s*VOLUME\s+(.+)", re.IGNORECASE | re.MULTILINE)


def propose(files: Files, project: str = "") -> str:
    """A commented fairlead.yml. `project` is a name to begin with, often the directory's.

    The text ends by naming what `validate` still finds wrong with it, if anything. Raises `Invalid` where there is
    nothing to deploy.
    """
    name = _project_name(project)
    compose = next((path for path in COMPOSE_NAMES if path in files), None)
    dockerfile = _dockerfile(files)
    if compose is not None:
        lines = _from_compose(files, compose, name)
    elif dockerfile is not None:
        lines = _from_dockerfile(files, dockerfile, name)
    else:
        raise Invalid(
            "project_file.missing",
            "there is neither a Compose file nor a Dockerfile to begin with",
            hint="add a Dockerfile, or write fairlead.yml with services and their images",
        )
    text = "\n".join([*lines, *_tests(files), ""])
    _, problems = validate(Overlaid(files, {PROJECT_FILE: text.encode()}))
    if problems:
        text += "\n# To settle before the first deployment:\n"
        text += "".join(f"#   {' '.join(str(problem).split())}\n" for problem in problems[:20])
    return text


@dataclass(slots=True)
class _Service:
    """What is proposed for one service; `notes` stand above it as comments."""

    name: str
    keys: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        for note in self.notes:
            yield f"  # {note}"
        yield f"  {scalar(self.name)}:" if self.keys else f"  {scalar(self.name)}: {{}}"
        yield from (f"    {key}" for key in self.keys)


def _from_dockerfile(files: Files, path: str, project: str) -> list[str]:
    text = files[path].decode("utf-8", "replace")
    directory = path.rpartition("/")[0] or "."
    service = _Service(
        "web", [f"build: {directory}", "route: true                    # <service>.<project>.<environment>"]
    )
    port = next(iter(exposed_ports(text, {})), None)
    if port is None:
        service.keys.append(_port(UNKNOWN_PORT))
    else:
        service.keys.append(_port(port))
    service.keys.append(
        "health: {image: true}          # the image's own HEALTHCHECK"
        if _HEALTHCHECK.search(text)
        else "health: {tcp: true}            # better: {http: /healthz}"
    )
    if _VOLUME.search(text):
        service.notes.append("The image has a VOLUME: what is written there dies with the instance.")
        service.notes.append(
            'To keep it: volumes: ["data:/its/path"] with strategy: recreate, and `volumes: {data: }` below.'
        )
    return [*_head(project), "services:", *service.lines()]


def _from_compose(files: Files, path: str, project: str) -> list[str]:
    findings = Findings()
    compose = ComposeReader(files, findings).read(path, Mark(path), directory=path.rpartition("/")[0])
    services = compose.table("services")
    tables = {name: services.table(name) for name in services.nodes if not profiles_of(services.table(name))}
    dotenv = dotenv_of(files, clean(".env", path.rpartition("/")[0]) or ".env", findings)
    given = [_Given(name, node, _settled(node, files, path), dotenv) for name, node in tables.items()]
    is_sought = not any(one.ports and not one.is_accessory for one in given)
    own = [service for one in given if (service := _service(one, is_sought=is_sought)).keys]
    lines = [*_head(project), f"compose: {path}"]
    if own:
        lines += ["services:", *(line for service in own for line in service.lines())]
    volumes = dict.fromkeys(volume for one in given for volume in one.settled.volumes)
    return [*lines, *(["volumes:"] if volumes else []), *(f"  {scalar(volume)}:" for volume in volumes)]


@dataclass(frozen=True, slots=True)
class _Given:
    """A service as the Compose file has it, with its mounts as they can be."""

    name: str
    node: Table
    settled: Settled
    dotenv: Mapping[str, str]

    @property
    def ports(self) -> list[PortModel]:
        return _ports(self.node.get("ports"), self.dotenv)

    @property
    def writes(self) -> bool:
        """Whether it keeps data in a volume of its own."""
        return any(one.type == "volume" and one.source and not one.read_only for one in self.settled.mounts)

    @property
    def is_accessory(self) -> bool:
        """An image of others that holds data."""
        if self.node.get("build") is not None or not isinstance(self.node.get("image"), Scalar):
            return False
        return _is_store(self.node) or self.writes


def _service(given: _Given, *, is_sought: bool) -> _Service:
    """`is_sought` says that nothing else is for users: then what is published is, though it keeps data of its own."""
    service = _Service(given.name)
    ports = given.ports
    if given.is_accessory and not (is_sought and ports and not _is_store(given.node)):
        service.keys.append("accessory: true                # started once, never swapped")
        if ports:
            service.notes.append("Its ports are for development; to publish them an administrator must allow it.")
            service.keys += ["ports: []", _port(ports[0].target)]
        _mount(service, given.settled)
        return service
    if ports:
        service.keys += ["route: true                    # a host of its own: route: {host: www.example.com}"]
        service.keys += [_port(ports[0].target)]
        if given.node.get("healthcheck") is None:
            service.keys.append("health: {tcp: true}            # better: {http: /healthz}")
    if given.writes:
        service.notes.append("It writes to a volume, so the old one is stopped before the new one starts.")
        service.notes.append("Where both may write to it at once: shared_volumes: true instead.")
        service.keys.append("strategy: recreate")
        if ports:
            service.keys.append("ports: []                      # the route takes their place")
    _mount(service, given.settled)
    return service


def _port(told: int) -> str:
    if told == UNKNOWN_PORT:
        return f"port: {GUESSED_PORT}                     # a guess: the port that the program listens on"
    return f"port: {told}"


def _mount(service: _Service, mounts: Settled) -> None:
    """All of its mounts are said anew where one of them is another."""
    if not mounts.notes:
        return
    service.notes += mounts.notes
    if not mounts.mounts:
        service.keys.append("volumes: []")
        return
    service.keys.append("volumes:")
    for mount in mounts.mounts:
        source = f"{mount.source}:" if mount.source else ""
        service.keys.append(f'  - "{source}{mount.target}{":ro" if mount.read_only else ""}"')


def _is_store(node: Table) -> bool:
    image = node.get("image")
    written = str(image.text) if isinstance(image, Scalar) else ""
    return re.split(r"[:@]", written.rpartition("/")[2])[0].lower() in ACCESSORY_IMAGES


def _settled(node: Table, files: Files, compose: str) -> Settled:
    directory = compose.rpartition("/")[0]
    return settled(_mounts(node.get("volumes")), files, directory=directory, is_built=node.get("build") is not None)


def _ports(node: Node | None, dotenv: Mapping[str, str]) -> list[PortModel]:
    found: list[PortModel] = []
    for entry in node.nodes if isinstance(node, Items) else ():
        try:
            found += [PortModel.model_validate(port) for port in ports_of([to_plain(_filled(entry, dotenv))])]
        except ValueError:
            continue
    return [port for port in found if port.protocol == "tcp"]


def _mounts(node: Node | None) -> list[VolumeMount]:
    found: list[VolumeMount] = []
    for entry in node.nodes if isinstance(node, Items) else ():
        try:
            found += [VolumeMount.model_validate(mount) for mount in volumes_of([to_plain(entry)])]
        except ValueError:
            continue
    return found


def _filled(node: Node, dotenv: Mapping[str, str]) -> Node:
    """``${HTTP:-8080}:${PORT}`` as ``8080:3000`` where `.env` says so: only the container's side matters here."""

    def value(found: re.Match[str]) -> str:
        said = dotenv.get(found["name"] or found["bare"], "") or found["default"] or ""
        return said if said.isdigit() else str(UNKNOWN_PORT)

    if isinstance(node, Scalar) and isinstance(node.text, str):
        return Scalar(node.mark, _VARIABLE.sub(value, node.text))
    return node


def _dockerfile(files: Files) -> str | None:
    if "Dockerfile" in files:
        return "Dockerfile"
    below = sorted((path for path in files if path.endswith("/Dockerfile")), key=lambda path: (path.count("/"), path))
    return below[0] if below else None


def _project_name(name: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    slug = re.sub(r"^[^a-z]+", "", slug)[:40].strip("-")
    return slug or "my-project"


def _head(project: str) -> list[str]:
    return [
        "# How Fairlead deploys this repository. All keys: docs/reference/project-file.md of Fairlead",
        f"project: {scalar(project)}",
    ]


def _tests(files: Files) -> list[str]:
    if "Dockerfile.tests" in files:
        return ["tests:", "  build: {dockerfile: Dockerfile.tests}", "  # command: [./run_tests.sh]"]
    return [
        "# tests:                           # one image for all kinds; the kind arrives as TEST_TYPE",
        "#   build: {dockerfile: Dockerfile.tests}",
        "#   command: [./run_tests.sh]",
        "# migrate: {service: web, command: [./migrate]}   # once, before the new release starts",
    ]
