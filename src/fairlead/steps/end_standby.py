"""The step kind that ends a standby whose time is over, or that somebody ends by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.domain.plan import Plan
from fairlead.ports.catalogue import Place
from fairlead.ports.proxy import RouteState
from fairlead.ports.step import EffectKind
from fairlead.steps.effects.kinds import DEPLOYMENT_EFFECTS
from fairlead.steps.plan_ending import end_standby_node
from fairlead.steps.resolved import Standing


@dataclass(frozen=True, slots=True)
class ResolvedStandby:
    """What stands by, and the routes of its place."""

    place: Place
    standing: Standing
    routes: tuple[RouteState, ...] = ()


class EndStandby:
    """Retires the standby; there is no way back and no commit point."""

    name = "end-standby"
    effects: Mapping[str, EffectKind] = DEPLOYMENT_EFFECTS

    def plan(self, resolved: ResolvedStandby) -> Plan:
        """Drains what is still open, stops, keeps the output, removes."""
        place, slot = resolved.place, resolved.standing.slot
        return Plan(
            task_kind="other",
            title=f"End the standby of {place.project} {slot.version} in {place.shown}",
            intention={"end_standby": slot.deployment, "project": place.project, "environment": place.where},
            forward=end_standby_node(place, resolved.standing, resolved.routes),
        )
