"""The step kind that ends what a project has in an environment, because a person asked for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fairlead.domain.colour import Colour
from fairlead.domain.plan import Effect, InParallel, Node, Plan, Sequence, Step
from fairlead.domain.slot import SlotState
from fairlead.ports.catalogue import Place
from fairlead.ports.proxy import RouteState
from fairlead.ports.step import EffectKind
from fairlead.steps.bounds import MARGIN_S, ONWARD_TRIES
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.kinds import DEPLOYMENT_EFFECTS
from fairlead.steps.effects.place import GRACE_S, Cleared, ClearedTarget, ClearPlace, ClearTarget
from fairlead.steps.plan_ending import drain_step, remove_route, retire_step
from fairlead.steps.resolved import AccessoryState, Standing


@dataclass(frozen=True, slots=True)
class ResolvedRetirement:
    """What stands at the place now. `accessories` are those that go too; None where they stay. `targets` are those
    beside this host (id → name), on which steps may have left something running that goes with them."""

    place: Place
    slots: Mapping[Colour, Standing]
    routes: tuple[RouteState, ...] = ()
    accessories: Mapping[str, AccessoryState] | None = None
    targets: Mapping[str, str] = field(default_factory=dict)


class RetirePlace:
    """Ends what is live and what stands by, and gives the routes back. There is no way back and no commit point: cut
    short, it is asked for again and goes on."""

    name = "retire-place"
    effects: Mapping[str, EffectKind] = {
        **DEPLOYMENT_EFFECTS,
        ClearPlace.kind: ClearPlace(),
        ClearTarget.kind: ClearTarget(),
    }

    def plan(self, resolved: ResolvedRetirement) -> Plan:
        """Drains, stops and removes each slot, then routes, accessories where they go too, and networks."""
        place = resolved.place
        return Plan(
            task_kind="retirement",
            title=f"End {place.project} in {place.shown}",
            intention={
                "retire": place.project,
                "environment": place.where,
                "accessories": resolved.accessories is not None,
            },
            forward=Sequence(tuple(_steps(resolved))),
            notes=tuple(_notes(resolved)),
        )


def _steps(resolved: ResolvedRetirement) -> Iterator[Node]:
    standing = [
        (colour, one) for colour, one in sorted(resolved.slots.items()) if one.slot.state is not SlotState.EMPTY
    ]
    if resolved.routes:
        for colour, one in standing:
            yield drain_step(one, resolved.routes, colour, prefix=f"{colour.value}:")
        removals = tuple(remove_route(state) for state in resolved.routes)
        yield Step("remove-routes", "Give the routes back", InParallel(removals))
    for colour, one in standing:
        yield retire_step(resolved.place, one, (), prefix=f"{colour.value}:")
    yield Step("clear", "Remove what is left", _clear(resolved))
    if resolved.targets:
        there = tuple(_clear_target(resolved.place, id, name) for id, name in resolved.targets.items())
        yield Step("clear-targets", "Remove what steps left on targets", InParallel(there, on_failure="go_on"))


def _clear(resolved: ResolvedRetirement) -> Effect:
    ended = (resolved.accessories or {}).values()
    grace_s = max((one.grace_s for one in ended), default=0.0)
    what = "containers and networks" if resolved.accessories is None else "containers, accessories and networks"
    return Effect(
        ClearPlace.kind,
        "clear",
        f"remove the {what} that are left",
        arguments(Cleared(resolved.place, resolved.accessories is not None, grace_s)),
        timeout_s=grace_s + 2 * MARGIN_S,
        attempts=ONWARD_TRIES,
        is_undone=False,
    )


def _clear_target(place: Place, id: str, name: str) -> Effect:
    return Effect(
        ClearTarget.kind,
        f"clear:{id}",
        f"remove what is left on {name}",
        arguments(ClearedTarget(place, id, name)),
        timeout_s=2 * MARGIN_S + GRACE_S,
        attempts=ONWARD_TRIES,
        is_undone=False,
        target=name,
    )


def _notes(resolved: ResolvedRetirement) -> Iterator[str]:
    yield "users get an error at its routes from then on"
    yield "volumes stay: data is the project's"
    if resolved.accessories is None:
        yield "accessories stay, with their network, and so does what steps left running"
