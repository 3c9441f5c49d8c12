"""Which role each service has, and whether their dependencies on one another can be kept."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from fairlead.domain.service import Dependency, Role, RunningProbe, Service
from fairlead.formats.compilation import IN_SLOT, Compilation
from fairlead.formats.findings import did_you_mean, shown
from fairlead.formats.node import Table
from fairlead.formats.service_model import ServiceModel


def roles_of(at: Compilation) -> dict[str, Role]:
    """The role of each service.

    What is stated decides first; then who waits for its end; then its route, its port, and whether something that
    stands in the slot depends on it. Where no service has a route and exactly one could, that one has the default.
    """
    services = at.services
    ended = {
        target
        for model in services.values()
        for target, dependency in model.depends_on.items()
        if dependency.condition == "service_completed_successfully"
    }
    roles = {name: _stated(model) or (Role.ONE_SHOT if name in ended else None) for name, model in services.items()}
    open_ones = [name for name, role in roles.items() if role is None]
    routed = [name for name in open_ones if services[name].route is not None or services[name].routes]
    if not routed and not any(model.route or model.routes for model in services.values()):
        candidates = [name for name in open_ones if port_of(services[name]) and _offers(at, name)]
        routed = candidates if len(candidates) == 1 else []
    found = {name: role or _by_port(name, services, routed) for name, role in roles.items()}
    return _with_needed(found, services)


def port_of(model: ServiceModel) -> int:
    """The port in the container: as stated, or the only one that `ports` or `expose` names; 0 where it is not clear."""
    if model.port:
        return model.port
    ports = {port.target for port in model.ports if port.protocol == "tcp"}
    exposed = {int(number) for entry in model.expose if (number := entry.removesuffix("/tcp")).isdigit()}
    for known in (ports, exposed):
        if known:
            return next(iter(known)) if len(known) == 1 else 0
    return 0


def check_dependencies(at: Compilation, services: Mapping[str, Service]) -> None:
    """Every `depends_on` names a service that can be there before: else a problem that says which."""
    for name, model in at.services.items():
        for target, dependency in model.depends_on.items():
            path = ("services", name, "depends_on", target)
            if target not in services:
                if dependency.required:
                    at.problem(path, *_absent(at, target, set(services) - {name}))
                continue
            role, on = at.roles[name], at.roles[target]
            if role is Role.ACCESSORY and on is not Role.ACCESSORY:
                at.problem(path, f"an accessory that depends on {target!r}, which is swapped", "another accessory")
            elif dependency.condition == "service_completed_successfully" and on is not Role.ONE_SHOT:
                at.problem(path, f"the end of {target!r}, which is {on.value}", "a service that runs to its end")
            elif dependency.condition == "service_healthy" and isinstance(services[target].health.probe, RunningProbe):
                at.problem(path, f"{target!r} without a health check", f"a healthcheck, health or port for {target!r}")
            elif role in IN_SLOT and on is Role.RECREATE:
                at.warn(path, f"{target!r} is replaced after the switch: until then it is the old one that is found")
    circle = _circle(services)
    if circle:
        at.problem(("services", circle[0], "depends_on"), f"the circle {' → '.join(circle)}", "services in some order")


def dependencies_of(model: ServiceModel, known: Mapping[str, object]) -> tuple[Dependency, ...]:
    """The dependencies on services that are there."""
    return tuple(
        Dependency(target, dependency.condition) for target, dependency in model.depends_on.items() if target in known
    )


def _stated(model: ServiceModel) -> Role | None:
    if model.accessory:
        return Role.ACCESSORY
    return Role.RECREATE if model.strategy == "recreate" else None


def _offers(at: Compilation, name: str) -> bool:
    """Whether the service's port is for users: stated in fairlead.yml, or published, and no route is refused."""
    node = at.root.table("services").get(name)
    is_refused = isinstance(node, Table) and "route" in node.nodes
    return bool(at.services[name].port or at.services[name].ports) and not is_refused


def _by_port(name: str, services: Mapping[str, ServiceModel], routed: list[str]) -> Role:
    if name in routed:
        return Role.ROUTED
    model = services[name]
    return Role.INTERNAL if port_of(model) or model.expose or model.ports else Role.WORKER


def _with_needed(roles: dict[str, Role], services: Mapping[str, ServiceModel]) -> dict[str, Role]:
    """Workers on which something in the slot depends stand in the slot too."""
    in_slot = {Role.ROUTED, Role.INTERNAL, Role.ONE_SHOT}
    waiting = [name for name, role in roles.items() if role in in_slot]
    while waiting:
        for target in services[waiting.pop()].depends_on:
            if roles.get(target) is Role.WORKER:
                roles[target] = Role.INTERNAL
                waiting.append(target)
    return roles


def _absent(at: Compilation, target: str, others: set[str]) -> tuple[str, str]:
    """What was found, and what was expected."""
    left_out = at.sources.left_out(at.environment)
    if target not in left_out:
        return f"the unknown service {shown(target)}", did_you_mean(target, others)
    profiles = ", ".join(sorted(left_out[target]))
    expected = f"profiles: with one of {profiles} in fairlead.yml, or required: false of this dependency"
    return f"the service {shown(target)}, which its profiles leave out", expected


def _circle(services: Mapping[str, Service]) -> tuple[str, ...]:
    """The first circle, as the chain that comes back to where it began; () where there is none."""
    graph = {name: [dependency.service for dependency in service.depends_on] for name, service in services.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return tuple(reversed(error.args[1]))
    return ()
