"""All keys of one service: Compose's that are honoured, and Fairlead's own."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from fairlead.formats.compose_model import (
    Build,
    DependsOn,
    DeployModel,
    EnvFiles,
    FileUses,
    HealthcheckModel,
    Hosts,
    LoggingModel,
    Mounts,
    Networks,
    Ports,
    Ulimits,
)
from fairlead.formats.scalars import (
    AnyText,
    Command,
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
    wrong,
)
from fairlead.formats.shape import Shape


class RouteModel(Shape):
    """What users reach at the proxy."""

    host: AnyText | None = Field(
        None,
        description="The host. As stated in the last environment of the lifecycle, prefixed `<environment>.` in the "
        "others unless overridden there. Without it: `<service>.<project>.<environment>.<domain>`.",
    )
    path: AnyText = Field("/", description="The path that requests begin with.")
    tls: Flag = Field(default=False, description="Serve https with the certificate that was given for the host.")
    redirect: Flag | None = Field(None, description="Send http to https; the default where `tls` is true.")


class HealthModel(Shape):
    """When an instance is ready: one of http, tcp, exec, image; a text alone is the path for http."""

    http: Words = Field("", description="GET this path on the port; 200-399 is healthy.")
    tcp: Flag = Field(
        default=False, description="A connection to the port is accepted; the default where there is a port."
    )
    exec: Command = Field((), description="A command in the container that ends with 0.")
    image: Flag = Field(default=False, description="The image's own HEALTHCHECK.")
    interval: Seconds | None = Field(None, gt=0, description="Between two probes, once it was healthy (1s).")
    timeout: Seconds | None = Field(None, gt=0, description="For one probe (2s).")
    healthy: Whole | None = Field(None, ge=1, le=100, description="Good answers in a row that it takes (2).")
    within: Seconds | None = Field(None, gt=0, description="The bound for becoming ready (30s).")


class ConfigureModel(Shape):
    """Which of the repository's files that are mounted are filled in for the environment. Patterns of their paths."""

    substitute: WordList = Field((), description="`#{Name}` in them is replaced.")
    structured: WordList = Field((), description="JSON, YAML, XML, properties: variables are called like places.")


def route_of(value: object) -> object:
    """``true`` and an empty mapping ask for the default host, ``false`` for no route."""
    if value is None or value == "true":
        return {}
    return None if value == "false" else {"host": value} if isinstance(value, str) else value


Route = Annotated[RouteModel | None, BeforeValidator(route_of, json_schema_input_type=bool | str | RouteModel | None)]
Health = Annotated[HealthModel, long_form("http", str | HealthModel)]


class ComposeService(Shape):
    """The Compose keys of a service."""

    image: AnyText | None = Field(None, description="The image; #{Name} may stand in it.")
    build: Build | None = Field(None, description="How the image is made from the repository.")
    command: Command | None = None
    entrypoint: Command | None = None
    environment: KeyTexts = Field(default_factory=dict, description="Variables; #{Name} may stand in the values.")
    env_file: EnvFiles = Field(default_factory=list)
    healthcheck: HealthcheckModel | None = None
    volumes: Mounts = Field(default_factory=list)
    tmpfs: WordList = ()
    networks: Networks = Field(default_factory=dict)
    depends_on: DependsOn = Field(default_factory=dict)
    restart: Annotated[str, PlainValidator(lambda value: _restart(value)), WithJsonSchema({"type": "string"})] = ""
    stop_grace_period: Seconds = 10.0
    stop_signal: Words = ""
    user: Words = ""
    working_dir: Words = ""
    hostname: Words = ""
    container_name: Words = ""
    init: Flag = False
    tty: Flag = False
    read_only: Flag = False
    shm_size: Size = 0
    ulimits: Ulimits = Field(default_factory=dict)
    cap_add: WordList = ()
    cap_drop: WordList = ()
    privileged: Flag = False
    security_opt: WordList = ()
    pid: Words = ""
    ipc: Words = ""
    devices: WordList = ()
    sysctls: KeyWords = Field(default_factory=dict)
    extra_hosts: Hosts = Field(default_factory=dict)
    network_mode: Words = ""
    expose: WordList = ()
    ports: Ports = Field(default_factory=list)
    logging: LoggingModel | None = None
    labels: KeyWords = Field(default_factory=dict)
    profiles: WordList = ()
    secrets: FileUses = Field(default_factory=list)
    configs: FileUses = Field(default_factory=list)
    deploy: DeployModel = Field(default_factory=DeployModel)
    scale: Whole | None = None
    mem_limit: Size = 0
    mem_reservation: Size = 0
    cpus: Number = 0.0
    pids_limit: Pids = 0


class ServiceModel(ComposeService):
    """A service: any Compose key, and Fairlead's own."""

    route: Route = Field(
        None, description="What users reach: `{host, path, tls, redirect}`, or `true` for the default."
    )
    routes: list[RouteModel] = Field(default_factory=list, description="Several routes.")
    port: Whole = Field(0, ge=1, le=65_535, description="The port that the service listens on in its container.")
    health: Health | None = Field(None, description="When an instance is ready: `{http: /healthz}`, `{tcp: true}`, …")
    replicas: Whole | None = Field(None, le=100, description="How many instances; #{Name} may stand here.")
    strategy: Literal["blue-green", "recreate"] = Field(
        "blue-green", description="`recreate` stops the old one before the new one starts."
    )
    accessory: Flag = Field(default=False, description="Started once in an environment, never swapped (a database).")
    shared_volumes: Flag = Field(default=False, description="Both slots may write to the same named volumes.")
    drain: Seconds = Field(60.0, description="The bound for requests in flight after the switch.")
    standby: Seconds = Field(0.0, description="How long the old release is kept warm after the switch.")
    configure: ConfigureModel | None = Field(
        None,
        description="Fills in mounted files of the repository: `{substitute: [*.env], structured: [*.json]}`.",
    )
    overlap: Flag = Field(default=False, description="A worker's successor starts before it is stopped.")


def _restart(value: object) -> str:
    written = str(value)
    if not re.fullmatch(r"no|false|always|unless-stopped|on-failure(:\d{1,4})?", written):
        raise wrong("no, always, unless-stopped or on-failure[:TRIES]")
    return "no" if written == "false" else written


OWN_KEYS = frozenset(ServiceModel.model_fields) - frozenset(ComposeService.model_fields)
"""Keys that belong into fairlead.yml, never into a compose file."""
