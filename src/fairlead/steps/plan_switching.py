"""A deployment's plan, the switch: tests on the idle slot, routes, workers, recreated services, tests at the proxy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Sequence as Items
from dataclasses import replace

from fairlead.domain.plan import Effect, InParallel, Node, Sequence, Step
from fairlead.domain.service import HttpProbe, Role, Service, TestKind
from fairlead.domain.text import Text
from fairlead.ports.container_engine import Attachment
from fairlead.ports.proxy import RouteSpec
from fairlead.ports.traffic import Door
from fairlead.steps.blueprint import Blueprint, container_labels
from fairlead.steps.bounds import MARGIN_S, PROXY_TIMEOUT_S, STARTS_AT_ONCE, TRIES
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.instances import (
    InstancesSteady,
    KeepInstancesUp,
    Lasting,
    Settled,
    Standees,
    StopInstances,
)
from fairlead.steps.effects.routes import (
    CountRoutes,
    Filled,
    FillRoute,
    Pointed,
    PointRoutes,
    Verified,
    VerifyRoutes,
)
from fairlead.steps.effects.runs import Errand
from fairlead.steps.layers import layers
from fairlead.steps.plan_filling import ready_effect, register_effect, run_effect, start_effect
from fairlead.steps.probing import Probed
from fairlead.steps.resolved import PlannedRoute, ResolvedDeployment, StandingInstance
from fairlead.steps.roster import SLOT_ROLES, Instance, Roster
from fairlead.steps.switch_counting import COUNT, POINT
from fairlead.steps.words import counted

LOOPBACK = "127.0.0.1"


# tests


def tests_step(resolved: ResolvedDeployment, kind: TestKind, new: Roster) -> Step | None:
    """The tests of that kind, None where the project has none or nothing stands that they could ask."""
    tests = resolved.definition.tests
    if tests is None or kind not in tests.kinds or not resolved.test_image:
        return None
    if kind == "pre-integration":
        under_test = service_beside(resolved)
        if under_test is None:
            return None
        blueprint = _before_the_switch(resolved, under_test, new)
    else:
        blueprint = _through_the_proxy(resolved)
    errand = Errand(blueprint, "tests", f"the {kind} tests", tests.timeout_s)
    return Step(kind, f"Run the {kind} tests", run_effect(f"test:{kind}", f"run the {kind} tests", errand, ""))


def service_beside(resolved: ResolvedDeployment) -> Service | None:
    """What pre-integration tests ask: the first routed service that stands beside the old release, else the first with
    a port; None where all of them are recreated, so that nothing can be asked before the switch."""
    routed = [resolved.definition.service(route.service) for route in resolved.routes]
    candidates = [*routed, *resolved.definition.services]
    return next((one for one in candidates if one.role in SLOT_ROLES and one.port), None)


def _before_the_switch(resolved: ResolvedDeployment, under_test: Service, new: Roster) -> Blueprint:
    urls = [f"http://{one.address}:{one.service.port}" for one in new.of(under_test.name)]
    facts: dict[str, Text] = {
        "TEST_URL": f"http://{under_test.name}:{under_test.port}",
        "TEST_INSTANCES": ",".join(urls),
    }
    networks = (Attachment(resolved.names.slot_network),)
    return replace(_tests_blueprint(resolved, "pre-integration", facts), networks=networks)


def _through_the_proxy(resolved: ResolvedDeployment) -> Blueprint:
    facts: dict[str, Text] = {}
    hosts: dict[str, str] = {}
    if resolved.routes:
        facts["TEST_URL"] = url_of(resolved, resolved.routes[0].spec)
        address = LOOPBACK if resolved.proxy.is_loopback else resolved.proxy.address
        hosts = {route.spec.host: address for route in resolved.routes}
    blueprint = replace(_tests_blueprint(resolved, "post-integration", facts), extra_hosts=hosts)
    if resolved.proxy.is_loopback:
        return replace(blueprint, network_mode="host")
    return replace(blueprint, networks=(Attachment(resolved.place_names.network),))


def url_of(resolved: ResolvedDeployment, spec: RouteSpec) -> str:
    """The route as users write it: scheme, host, the port where it is not the scheme's own, path."""
    scheme, port, usual = (
        ("https", resolved.proxy.https_port, 443) if spec.tls else ("http", resolved.proxy.http_port, 80)
    )
    written = spec.host if port == usual else f"{spec.host}:{port}"
    return f"{scheme}://{written}{'' if spec.path == '/' else spec.path}"


def _tests_blueprint(resolved: ResolvedDeployment, kind: TestKind, facts: Mapping[str, Text]) -> Blueprint:
    tests = resolved.definition.tests
    assert tests is not None  # tests_step asked
    service = Service(
        name="tests",
        role=Role.ONE_SHOT,
        command=tests.command or None,
        environment=tests.environment,
        restart="no",
    )
    names = resolved.names
    return Blueprint(
        name=names.tests(kind),
        image=resolved.test_image,
        service=service,
        labels=container_labels(resolved, service, key=names.key(f"test:{kind}"), kind="tests"),
        environment={
            "TEST_TYPE": kind,
            "TEST_RELEASE": resolved.version,
            "TEST_ENVIRONMENT": resolved.place.environment,
            **facts,
        },
    )


# routes


def filled_routes(resolved: ResolvedDeployment, probes: Mapping[str, tuple[Probed, ...]]) -> tuple[Filled, ...]:
    """Each route with the endpoints of its service; `probes` by service."""
    before = {state.spec.name: state.spec for state in resolved.routes_before}
    return tuple(
        Filled(
            route.spec,
            resolved.colour,
            probes.get(route.service, ()),
            _service_of(resolved, route).drain_s,
            before.get(route.spec.name),
        )
        for route in resolved.routes
    )


def _service_of(resolved: ResolvedDeployment, route: PlannedRoute) -> Service:
    return resolved.definition.service(route.service)


def fill_step(filled: tuple[Filled, ...], new: Items[Instance] = ()) -> Step:
    """Every route's idle colour is filled, and the instances `new` to the slot are kept up."""
    fills = InParallel((*_kept_up(new), *(_fill(one) for one in filled)))
    return Step("fill", f"Put the instances behind {counted(len(filled), 'route')}", fills)


def switch_step(resolved: ResolvedDeployment, filled: tuple[Filled, ...]) -> Step:
    """All routes point at the new colour."""
    return Step("switch", f"Switch to {resolved.colour.value}", _point(resolved, filled))


def _kept_up(new: Items[Instance]) -> Iterator[Effect]:
    lasting = tuple((one.blueprint.name, one.blueprint.key, one.service.restart) for one in new)
    if lasting:
        title = f"let {counted(len(lasting), 'instance')} come back after a restart of the host"
        yield Effect(KeepInstancesUp.kind, "keep_up", title, arguments(Lasting(lasting)), attempts=TRIES)


def _fill(filled: Filled) -> Effect:
    return Effect(
        FillRoute.kind,
        f"fill:{filled.spec.name}",
        f"put {counted(len(filled.probes), 'instance')} behind {filled.spec.host}{filled.spec.path}",
        arguments(filled),
        timeout_s=filled.drain_s + PROXY_TIMEOUT_S,
        attempts=TRIES,
    )


def count_step(resolved: ResolvedDeployment, filled: tuple[Filled, ...]) -> Step:
    """What comes before a routed service is stopped: its users are lost until the switch, and are to be counted."""
    title = f"begin to count at {counted(len(filled), 'route')}"
    effect = Effect(CountRoutes.kind, COUNT, title, arguments(_pointed(resolved, filled)), attempts=TRIES)
    return Step("count", "Count what users meet", effect)


def _pointed(resolved: ResolvedDeployment, filled: tuple[Filled, ...]) -> Pointed:
    return Pointed(
        live={one.spec.name: resolved.colour for one in filled},
        before={state.spec.name: state.live for state in resolved.routes_before if state.live is not None},
        specs_before=tuple(one.before for one in filled if one.before is not None and one.before != one.spec),
        doors=tuple(_door(resolved, one) for one in filled),
    )


def _point(resolved: ResolvedDeployment, filled: tuple[Filled, ...]) -> Effect:
    return Effect(
        PointRoutes.kind,
        POINT,
        f"point {counted(len(filled), 'route')} at {resolved.colour.value}",
        arguments(_pointed(resolved, filled)),
        timeout_s=PROXY_TIMEOUT_S,
        attempts=TRIES,
    )


def _door(resolved: ResolvedDeployment, filled: Filled) -> Door:
    """Where our own visitors knock: at the service's health path where the route leads there, else at the route's."""
    spec, facts = filled.spec, resolved.proxy
    is_tls = spec.tls and facts.https_port > 0
    paths = [one.health.probe.path for one in filled.probes if isinstance(one.health.probe, HttpProbe)]
    below = [path for path in paths if path.startswith(f"{spec.path.rstrip('/')}/")]
    return Door(
        spec.name,
        LOOPBACK if facts.is_loopback else facts.address,
        facts.https_port if is_tls else facts.http_port,
        spec.host,
        below[0] if below else spec.path,
        is_tls,
    )


def verify_step(filled: tuple[Filled, ...]) -> Step:
    """Reads the proxy back, asks every instance."""
    effect = Effect(
        VerifyRoutes.kind,
        "verify",
        f"read {counted(len(filled), 'route')} back, and ask every instance",
        arguments(Verified(filled)),
        timeout_s=PROXY_TIMEOUT_S,
        attempts=TRIES,
        is_undone=False,
    )
    return Step("verify", "Verify the switch", effect)


def steady_step(new: Roster) -> Step:
    """Right before the commit point: whatever died while workers were swapped or tests ran is not committed."""
    instances = new.instances
    effect = Effect(
        InstancesSteady.kind,
        "steady",
        f"look at {counted(len(instances), 'instance')} once more",
        arguments(Settled(tuple(one.watched for one in instances))),
        attempts=TRIES,
        is_undone=False,
    )
    return Step("steady", "See that every instance is steady", effect)


# services that do not stand beside their old selves


def recreate_step(resolved: ResolvedDeployment, new: Roster, *, with_routes: bool) -> Step | None:
    """Recreate services: the old one stops before the new one starts. Routed ones before the switch, others after."""
    services = [
        one for one in resolved.definition.services if one.role is Role.RECREATE and bool(one.routes) is with_routes
    ]
    gone = () if with_routes else _without_successor(resolved, Role.RECREATE)
    nodes: list[Node] = [_stop(f"stop:{name}", name, old) for name, old in gone]
    nodes += [_swap(resolved, new, one) for layer in layers(services) for one in layer]
    if not nodes:
        return None
    name = "recreate-routed" if with_routes else "recreate"
    return Step(name, "Recreate what cannot stand twice", Sequence(tuple(nodes)))


def workers_step(resolved: ResolvedDeployment, new: Roster) -> Step | None:
    """Workers: stopped and started after the switch, or started first where they may overlap."""
    services = [one for one in resolved.definition.services if one.role is Role.WORKER]
    nodes: list[Node] = [_stop(f"stop:{name}", name, old) for name, old in _without_successor(resolved, Role.WORKER)]
    nodes += [_swap(resolved, new, one) for one in services]
    return Step("workers", "Swap the workers", InParallel(tuple(nodes))) if nodes else None


def _swap(resolved: ResolvedDeployment, new: Roster, service: Service) -> Node:
    instances = new.of(service.name)
    begin: list[Node] = [
        InParallel(tuple(start_effect(one) for one in instances), limit=STARTS_AT_ONCE),
        InParallel(tuple(ready_effect(one) for one in instances), limit=STARTS_AT_ONCE),
    ]
    if service.port:
        begin.append(register_effect(resolved, f"register:{service.name}", instances))
    old = _old_of(resolved, service.name)
    if not old:
        return Sequence(tuple(begin))
    stop = _stop(f"stop:{service.name}", service.name, old)
    return Sequence((*begin, stop) if service.overlap else (stop, *begin))


def _old_of(resolved: ResolvedDeployment, service: str) -> tuple[StandingInstance, ...]:
    if resolved.live is None:
        return ()
    return tuple(one for one in resolved.live.of(Role.WORKER, Role.RECREATE) if one.service == service)


def _without_successor(resolved: ResolvedDeployment, role: Role) -> Iterator[tuple[str, tuple[StandingInstance, ...]]]:
    """Old services of the role that the new release swaps no more: they are stopped all the same."""
    swapped = {one.name for one in resolved.definition.services if one.role in (Role.WORKER, Role.RECREATE)}
    old = resolved.live.of(role) if resolved.live else ()
    for name in sorted({one.service for one in old} - swapped):
        yield name, tuple(one for one in old if one.service == name)


def _stop(key: str, service: str, old: tuple[StandingInstance, ...]) -> Effect:
    return Effect(
        StopInstances.kind,
        key,
        f"stop {counted(len(old), 'old instance')} of {service}",
        arguments(Standees(old)),
        timeout_s=max(one.grace_s for one in old) + MARGIN_S,
        attempts=TRIES,
        service=service,
    )


def probes_of(instances: tuple[Instance, ...]) -> dict[str, tuple[Probed, ...]]:
    """How the instances are probed, by service."""
    found: dict[str, tuple[Probed, ...]] = {}
    for one in instances:
        found[one.service.name] = (*found.get(one.service.name, ()), one.probed)
    return found
