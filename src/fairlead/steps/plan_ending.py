"""A deployment's plan, the end: commit, drain, retire or stand by, tidy; and ending what stands by."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence as Items
from dataclasses import replace

from fairlead.domain.colour import Colour
from fairlead.domain.plan import Effect, InParallel, Node, Sequence, Step
from fairlead.domain.service import Role
from fairlead.ports.catalogue import Place
from fairlead.ports.proxy import RouteState
from fairlead.steps.bounds import (
    MARGIN_S,
    ONWARD_TRIES,
    PROXY_TIMEOUT_S,
    RETIRE_TIMEOUT_S,
    START_TIMEOUT_S,
    TRIES,
)
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.ends import (
    Commit,
    Committed,
    Retired,
    RetireSlot,
    StandBy,
    StoodBy,
    Stopped,
    StopSlot,
    Tidied,
    Tidy,
)
from fairlead.steps.effects.routes import Draining, DrainRoute, Removed, RemoveRoute
from fairlead.steps.effects.schema import RunContraction
from fairlead.steps.plan_filling import command_of
from fairlead.steps.plan_ground import is_made_again
from fairlead.steps.resolved import ResolvedDeployment, Standing, StandingInstance
from fairlead.steps.words import counted

DEFAULT_DRAIN_S = 60.0


def commit_effect(resolved: ResolvedDeployment) -> Effect:
    """The pivot."""
    routes = tuple(route.spec.name for route in resolved.routes)
    return Effect(
        Commit.kind,
        "commit",
        f"record {resolved.colour.value} as live",
        arguments(Committed(resolved.deployment, resolved.place, resolved.colour, routes)),
        attempts=ONWARD_TRIES,
        is_undone=False,
    )


def onward(resolved: ResolvedDeployment) -> Node:
    """What follows the commit point: never undone, retried to its end."""
    nodes: list[Node] = []
    if resolved.live is not None:
        nodes += _leave(resolved, resolved.live)
    tidied = Tidied(resolved.place, resolved.deployment, tuple(_replaced(resolved)))
    tidy = Effect(Tidy.kind, "tidy", "remove what was needed once", arguments(tidied), attempts=ONWARD_TRIES)
    tidying = Step("tidy", "Tidy up", tidy)
    if resolved.contracts:
        return Sequence((*nodes, contract_step(resolved), tidying))
    return InParallel((Sequence(tuple(nodes)), tidying)) if nodes else tidying


def contract_step(resolved: ResolvedDeployment) -> Step:
    """The contracting half, once nothing of the old release is left that it could break."""
    migration = resolved.definition.migration
    assert migration is not None and migration.after_retire is not None  # `contracts` asked
    wanted = migration.after_retire
    errand = command_of(resolved, wanted, "contraction", "the contraction")
    effect = Effect(
        RunContraction.kind,
        "contract",
        f"run {' '.join(wanted.command)}",
        arguments(errand),
        timeout_s=wanted.timeout_s + START_TIMEOUT_S,
        attempts=TRIES,
        is_undone=False,
        service=wanted.service,
    )
    return Step("contract", "Contract the schema", effect)


def _leave(resolved: ResolvedDeployment, old: Standing) -> Iterator[Node]:
    now = {route.spec.name for route in resolved.routes}
    dropped = tuple(state for state in resolved.routes_before if state.spec.name not in now)
    routes = tuple(state.spec.name for state in resolved.routes_before)
    yield drain_step(old, resolved.routes_before, resolved.colour.other, left=tuple(now))
    if dropped:
        removals = tuple(remove_route(state) for state in dropped)
        yield Step("remove-routes", "Remove routes that the release has no more", InParallel(removals))
    kept = tuple(name for name in routes if name in now)
    if resolved.keeps_standby_s > 0:
        yield _stand_by_step(resolved, kept)
    else:
        yield retire_step(resolved.place, old, kept)


def remove_route(state: RouteState) -> Effect:
    """The route is given back at the proxy."""
    return Effect(
        RemoveRoute.kind,
        f"remove:{state.spec.name}",
        f"remove route {state.spec.host}{state.spec.path}",
        arguments(Removed(state.spec.name, f"{state.spec.host}{state.spec.path}")),
        timeout_s=PROXY_TIMEOUT_S,
        attempts=ONWARD_TRIES,
        is_undone=False,
    )


def drain_step(
    old: Standing, routes: Items[RouteState], colour: Colour, *, left: Items[str] = (), prefix: str = ""
) -> Step:
    """Requests in flight to the old slot end, on every route that has it; those in `left` point elsewhere by now."""
    reached = (one for one in old.of(Role.ROUTED, Role.RECREATE) if one.port)
    bound_s = max((one.drain_s for one in reached), default=DEFAULT_DRAIN_S)
    effects = tuple(
        Effect(
            DrainRoute.kind,
            f"{prefix}drain:{state.spec.name}",
            f"drain {colour.value} at {state.spec.host}{state.spec.path}",
            arguments(
                Draining(
                    state.spec.name,
                    f"{state.spec.host}{state.spec.path}",
                    colour,
                    bound_s,
                    is_left=state.spec.name in left,
                )
            ),
            timeout_s=bound_s + MARGIN_S,
            attempts=ONWARD_TRIES,
            is_undone=False,
        )
        for state in routes
    )
    return Step(f"{prefix}drain", f"Let requests to {colour.value} end", InParallel(effects))


def _stand_by_step(resolved: ResolvedDeployment, routes: tuple[str, ...]) -> Step:
    seconds = resolved.keeps_standby_s
    stood_by = StoodBy(resolved.place, resolved.colour.other, seconds, routes)
    effect = Effect(
        StandBy.kind,
        "stand_by",
        f"keep {resolved.colour.other.value} warm for {seconds:g} s",
        arguments(stood_by),
        timeout_s=PROXY_TIMEOUT_S,
        attempts=ONWARD_TRIES,
        is_undone=False,
    )
    return Step("stand-by", "Keep the old release standing by", effect)


def retire_step(place: Place, old: Standing, routes: tuple[str, ...], *, prefix: str = "") -> Step:
    """Stops the slot's instances, callers first; keeps their output; removes them with their network and record."""
    colour = old.slot.colour.value
    grace_s = sum(max(one.grace_s for one in group) for group in stop_order(old.instances))
    names = tuple(one.name for one in old.instances)
    slot = replace(old.slot, standby_until=None)  # a time of day: present state, and no JSON
    retired = Retired(place, slot, routes, names)
    stop = Effect(
        StopSlot.kind,
        f"{prefix}stop:slot",
        f"stop {counted(len(names), 'container')} in {colour}",
        arguments(Stopped(stop_order(old.instances))),
        timeout_s=grace_s + MARGIN_S,
        attempts=ONWARD_TRIES,
        is_undone=False,
    )
    retire = Effect(
        RetireSlot.kind,
        f"{prefix}retire:slot",
        f"keep the last lines of each instance, and empty the {colour} slot",
        arguments(retired),
        timeout_s=RETIRE_TIMEOUT_S,
        attempts=ONWARD_TRIES,
        is_undone=False,
    )
    title = f"Retire {old.slot.version or 'the old release'} in {colour}"
    return Step(f"{prefix}retire", title, Sequence((stop, retire)))


def stop_order(instances: Items[StandingInstance]) -> tuple[tuple[StandingInstance, ...], ...]:
    """Groups in the order of stopping: what users reach first, then callers before what they call."""

    def rank(one: StandingInstance) -> tuple[int, int]:
        return (0 if one.role is Role.ROUTED else 1, -one.layer)

    ranks = sorted({rank(one) for one in instances})
    return tuple(
        tuple(sorted((one for one in instances if rank(one) == wanted), key=lambda one: one.name)) for wanted in ranks
    )


def _replaced(resolved: ResolvedDeployment) -> Iterator[str]:
    for service in sorted(resolved.recreate_accessories):
        if is_made_again(resolved, service):
            yield resolved.accessories[service].name


def end_standby_node(place: Place, standing: Standing, routes: Items[RouteState]) -> Node:
    """Ends what stands in an idle slot: nobody is routed there, but a keep-alive connection may still be open."""
    colour = standing.slot.colour
    kept = tuple(state.spec.name for state in routes)
    return Sequence(
        (
            drain_step(standing, routes, colour, left=kept, prefix="standby:"),
            retire_step(place, standing, kept, prefix="standby:"),
        )
    )
