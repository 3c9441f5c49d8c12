"""The plan of a rollback onto a standby: a switch alone, with its workers, and a way back until it is committed."""

from __future__ import annotations

from fairlead.domain.plan import Effect, InParallel, Node, Sequence, Step
from fairlead.domain.service import Health, Role, Service
from fairlead.steps.bounds import MARGIN_S, START_TIMEOUT_S, STARTS_AT_ONCE, TRIES
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.instances import InstanceReady, ResumeInstances, Standees, StopInstances
from fairlead.steps.effects.routes import Filled
from fairlead.steps.plan_switching import count_step, fill_step, filled_routes, switch_step, verify_step
from fairlead.steps.probing import Probed
from fairlead.steps.readiness import Watched
from fairlead.steps.resolved import ResolvedDeployment, Standing, StandingInstance


def switch_alone(resolved: ResolvedDeployment) -> tuple[Node, ...]:
    """Routed recreate services first, the switch, its verification, then workers and the other recreate services."""
    filled = standing_routes(resolved)
    recreated = _swaps(resolved, "recreate-routed", _routed_recreate(resolved))
    steps: list[Node] = [count_step(resolved, filled), *recreated] if recreated else []
    if filled:
        steps += [fill_step(filled), switch_step(resolved, filled), verify_step(filled)]
    steps += _swaps(resolved, "workers", _others(resolved))
    return tuple(steps)


def standing_routes(resolved: ResolvedDeployment) -> tuple[Filled, ...]:
    """Each route with what stands by for it."""
    probes = {
        service.name: tuple(
            _probed(one, service) for one in resolved.idle.instances if one.service == service.name and one.port
        )
        for service in resolved.definition.services
    }
    return filled_routes(resolved, probes)


def _probed(standing: StandingInstance, service: Service) -> Probed:
    host = service.routes[0].host if service.routes else service.name
    return Probed(standing.name, standing.address, standing.port, service.health, host)


def _routed_recreate(resolved: ResolvedDeployment) -> frozenset[str]:
    services = resolved.definition.services
    return frozenset(one.name for one in services if one.role is Role.RECREATE and one.routes)


def _others(resolved: ResolvedDeployment) -> frozenset[str]:
    held = resolved.idle.of(Role.WORKER, Role.RECREATE)
    old = resolved.live.of(Role.WORKER, Role.RECREATE) if resolved.live else ()
    return frozenset(one.service for one in (*held, *old)) - _routed_recreate(resolved)


def _swaps(resolved: ResolvedDeployment, name: str, services: frozenset[str]) -> list[Node]:
    nodes: list[Node] = []
    for service in sorted(services):
        old = _of(resolved.live, service)
        held = _of(resolved.idle, service)
        if old:
            nodes.append(_effect(StopInstances.kind, f"stop:{service}", f"stop the instances of {service}", old))
        if held:
            nodes.append(_effect(ResumeInstances.kind, f"resume:{service}", f"start {service} again", held))
            nodes.append(InParallel(tuple(_ready(resolved, one) for one in held), limit=STARTS_AT_ONCE))
    return [Step(name, "Swap what cannot stand twice", Sequence(tuple(nodes)))] if nodes else []


def _of(standing: Standing | None, service: str) -> tuple[StandingInstance, ...]:
    if standing is None:
        return ()
    return tuple(one for one in standing.of(Role.WORKER, Role.RECREATE) if one.service == service)


def _effect(kind: str, key: str, title: str, instances: tuple[StandingInstance, ...]) -> Effect:
    return Effect(
        kind,
        key,
        title,
        arguments(Standees(instances)),
        timeout_s=max(one.grace_s for one in instances) + START_TIMEOUT_S,
        attempts=TRIES,
        service=instances[0].service,
    )


def _ready(resolved: ResolvedDeployment, standing: StandingInstance) -> Effect:
    known = {service.name: service for service in resolved.definition.services}
    service = known.get(standing.service)
    health = service.health if service else Health()
    probed = Probed(standing.name, standing.address, standing.port, health, standing.service)
    return Effect(
        InstanceReady.kind,
        f"ready:{standing.name}",
        f"wait until {standing.name} is ready",
        arguments(Watched(probed, standing.service, resolved.idle.slot.deployment)),
        timeout_s=health.within_s + MARGIN_S,
        attempts=TRIES,
        is_undone=False,
        service=standing.service,
    )
