"""One service of the project, from its checked keys to the domain's definition."""

from __future__ import annotations

from fairlead.domain.errors import FairleadError
from fairlead.domain.names import service_name
from fairlead.domain.service import Build, Role, Service
from fairlead.domain.text import Text
from fairlead.formats.compilation import IN_SLOT, Compilation
from fairlead.formats.compose_model import BuildModel, NetworkModel
from fairlead.formats.dotenv import read_dotenv
from fairlead.formats.files import clean, leads_out
from fairlead.formats.filled_files import with_fillings
from fairlead.formats.findings import did_you_mean, shown
from fairlead.formats.harms import capabilities, network_mode_of, note_harms, ports_of
from fairlead.formats.health import health_of
from fairlead.formats.limits import limits_of
from fairlead.formats.logging import logging_of
from fairlead.formats.mounts import mounts_of
from fairlead.formats.names import check_build, check_image, check_names, check_sections
from fairlead.formats.node import Path
from fairlead.formats.roles import dependencies_of, port_of
from fairlead.formats.routes import routes_of
from fairlead.formats.service_model import ServiceModel
from fairlead.formats.signals import is_signal

OUR_LABELS = ("io.fairlead.", "com.docker.compose.")

OWN_NETWORK = (
    "a network of it: leave this one out (a proxy's is not needed, the route takes its place), or reach what is there "
    "by an address"
)


def service_of(at: Compilation, name: str, model: ServiceModel) -> Service:
    """The service; whatever cannot be honoured is recorded as a problem."""
    _check_name(at, name)
    role = at.roles[name]
    port = port_of(model)
    routes = routes_of(at, name, model)
    if routes and not port:
        at.problem(
            ("services", name), "a route to a service whose port is not known", "port: with the container's port"
        )
    mounts, files = mounts_of(at, name, model)
    files = with_fillings(at, name, model, files)
    note_harms(at, name, model)
    check_names(at, name, model)
    _check_replaced(at, name, model)
    log_driver, log_options = logging_of(at, name, model)
    return Service(
        name=name,
        role=role,
        image=_image(at, name, model),
        build=build_of(at, ("services", name, "build"), model.build),
        command=model.command,
        entrypoint=model.entrypoint,
        environment=_environment(at, name, model),
        mounts=mounts,
        files=files,
        depends_on=dependencies_of(model, at.services),
        restart="no" if role is Role.ONE_SHOT else model.restart or "unless-stopped",
        stop_grace_s=model.stop_grace_period,
        stop_signal=_signal(at, name, model),
        user=model.user,
        working_dir=model.working_dir,
        hostname="" if role in IN_SLOT else model.hostname,
        init=model.init,
        read_only=model.read_only,
        tty=model.tty,
        cap_add=capabilities(model.cap_add),
        cap_drop=capabilities(model.cap_drop),
        privileged=model.privileged,
        security_opt=model.security_opt,
        network_mode=network_mode_of(at, name, model),
        pid_mode=model.pid,
        ipc_mode=model.ipc,
        devices=model.devices,
        extra_hosts=model.extra_hosts,
        sysctls=model.sysctls,
        labels=_labels(at, ("services", name, "labels"), model.labels),
        log_driver=log_driver,
        log_options=log_options,
        limits=limits_of(at, name, model),
        ports=ports_of(at, name, model),
        replicas=_replicas(at, name, model),
        port=port,
        routes=routes,
        health=health_of(at, name, model, port),
        drain_s=model.drain,
        standby_s=model.standby,
        overlap=model.overlap,
        networks=_networks(at, name, model),
    )


def build_of(at: Compilation, path: Path, model: BuildModel | None) -> Build | None:
    """The build, its paths from the repository's root; the Dockerfile's being there is the outline's affair."""
    if model is None:
        return None
    context = clean(model.context or ".", at.directory((*path, "context")))
    if context is None or "://" in model.context:
        at.problem((*path, "context"), shown(model.context), "a directory inside the repository")
        context = "."
    dockerfile = clean(model.dockerfile, context)
    if dockerfile is None or leads_out(at.files, dockerfile):
        at.problem((*path, "dockerfile"), shown(model.dockerfile), "a Dockerfile inside the repository")
        dockerfile = "Dockerfile"
    check_build(at, path, model)
    arguments = {
        key: at.clear((*path, "args", key), _argument(at, (*path, "args", key), held))
        for key, held in model.args.items()
    }
    labels = _labels(at, (*path, "labels"), model.labels)
    return Build(context, dockerfile, model.target, arguments, _build_secrets(at, path, model), labels)


def _argument(at: Compilation, path: Path, held: Text | None) -> Text:
    if held is not None:
        return held
    value = at.variables.dotenv(str(path[-1]))
    if value is None:
        at.problem(path, "a build argument without a value", "a value here or in .env: builds are the same everywhere")
    return value or ""


def _build_secrets(at: Compilation, path: Path, model: BuildModel) -> dict[str, Text]:
    """By name, as ``#{VARIABLE}``: the run that builds fetches the value."""
    found: dict[str, Text] = {}
    for use in model.secrets:
        name = use.source
        source = at.model.secrets.get(name)
        if source is None:
            expected = did_you_mean(name, at.model.secrets) if at.model.secrets else "a name of secrets:"
            at.problem((*path, "secrets"), shown(name), expected)
        elif not source.environment:
            at.problem((*path, "secrets"), f"{shown(name)}, which is no variable", "a secret with environment: NAME")
        else:
            found[use.target or name] = f"#{{{source.environment}}}"
    return found


def _check_name(at: Compilation, name: str) -> None:
    try:
        service_name(name)
    except FairleadError as error:
        at.error(("services", name), error)


def _check_replaced(at: Compilation, name: str, model: ServiceModel) -> None:
    """What a swapped service cannot keep for itself, since it may stand twice."""
    path: Path = ("services", name)
    is_double = at.roles[name] in IN_SLOT
    if model.container_name:
        at.warn((*path, "container_name"), f"is replaced by a name of Fairlead's own: other services find it as {name}")
    if model.hostname and is_double:
        at.warn((*path, "hostname"), "is replaced: each instance has its own")
    for network, use in model.networks.items():
        if use.ipv4_address or use.ipv6_address:
            where = (*path, "networks", network)
            if is_double:
                at.problem(where, "a static address for a swapped service", "none, or strategy: recreate")
            else:
                at.warn(where, "the static address is not honoured: use the service's name")
        if use.aliases:
            at.warn((*path, "networks", network, "aliases"), "are not honoured: use the service's name")


def _image(at: Compilation, name: str, model: ServiceModel) -> str:
    path: Path = ("services", name, "image")
    if name in at.images:
        return at.images[name]
    image = at.clear(path, model.image)
    if model.image is None and model.build is None:
        at.problem(("services", name), "neither image nor build", "one of them" + _where_else(at, name))
    check_image(at, path, image)
    return image


def _where_else(at: Compilation, name: str) -> str:
    known = set(at.sources.compose.table("services").nodes)
    return f", or a service of the Compose file ({did_you_mean(name, known)})" if known and name not in known else ""


def _environment(at: Compilation, name: str, model: ServiceModel) -> dict[str, Text]:
    """env_files in order, then `environment`; a name without value takes the variable of that name, if there is one."""
    stated: dict[str, Text | None] = {}
    for index, entry in enumerate(model.env_file):
        path: Path = ("services", name, "env_file", index)
        inside = clean(entry.path, at.directory(path))
        if inside is None or leads_out(at.files, inside):
            at.problem(path, f"{shown(entry.path)}, which leads out of the repository", "a path inside it")
        elif inside not in at.files:
            if entry.required:
                at.problem(path, f"no file {shown(entry.path)}", "a file of the repository, or required: false")
        else:
            lookup = at.variables.compose
            is_raw = entry.format == "raw"
            stated |= read_dotenv(inside, at.files[inside], at.findings, lookup, is_raw=is_raw)
    stated |= model.environment
    found: dict[str, Text] = {}
    for key, value in stated.items():
        given = at.variables.compose(key) if value is None else value
        if given is not None:
            found[key] = given
        elif not at.variables.is_silent:
            at.warn(("services", name, "environment", key), "has no value and is left out")
    return found


def _labels(at: Compilation, path: Path, labels: dict[str, str]) -> dict[str, str]:
    """Labels of one's own: ours are how Fairlead knows what it may touch."""
    for key in labels:
        if key.startswith(OUR_LABELS):
            at.problem((*path, key), shown(key), "a label of one's own")
    return labels


def _replicas(at: Compilation, name: str, model: ServiceModel) -> int:
    """How many instances; a service that stands once may not ask for more."""
    stated = next((one for one in (model.replicas, model.deploy.replicas, model.scale) if one is not None), 1)
    path: Path = ("services", name, "replicas")
    if stated < 1 or stated > 100:
        at.problem(path, str(stated), "1 to 100; a service that is not wanted is left out by its profile")
    elif stated > 1 and at.roles[name] in (Role.ACCESSORY, Role.ONE_SHOT):
        at.problem(path, f"{stated} of a service that is {at.roles[name].value}", "1")
    elif stated > 1 and model.ports and at.roles[name] is Role.RECREATE:
        at.problem(path, f"{stated} instances that publish the same ports", "1, or no ports")
    return stated


def _signal(at: Compilation, name: str, model: ServiceModel) -> str:
    if model.stop_signal and not is_signal(model.stop_signal):
        at.problem(("services", name, "stop_signal"), shown(model.stop_signal), "a signal (SIGTERM)")
    return model.stop_signal


def _networks(at: Compilation, name: str, model: ServiceModel) -> tuple[str, ...]:
    for network in model.networks:
        path: Path = ("services", name, "networks", network)
        if network != "default" and network not in at.model.networks:
            known = {*at.model.networks, "default"}
            at.problem(path, f"the unknown network {shown(network)}", did_you_mean(network, known))
    return tuple(model.networks)


def check_networks(at: Compilation) -> None:
    """Declared networks are folded into the environment's and the slot's; what would be lost by it is said."""
    check_sections(at)
    for name, model in at.model.networks.items():
        network = model or NetworkModel()
        if network.external:
            at.problem(("networks", name, "external"), "a network that is not the project's own", OWN_NETWORK)
        elif network.internal:
            found = "a network without a way out, which is folded into one that has one"
            at.problem(("networks", name, "internal"), found, "internal: false, said in fairlead.yml")
        elif name != "default":
            at.warn(("networks", name), "is folded into Fairlead's own networks: all services of the project can meet")
        elif network != NetworkModel():
            at.warn(("networks", name), "is replaced by Fairlead's own networks")
