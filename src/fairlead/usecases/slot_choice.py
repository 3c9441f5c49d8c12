"""Which of the two slots is meant, and whether the proxy agrees with our books about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fairlead.domain.colour import Colour
from fairlead.domain.deployment import Deployment
from fairlead.domain.effect import SaidNo
from fairlead.domain.slot import SlotState
from fairlead.ports.proxy import RouteState
from fairlead.steps.resolved import Standing


def users_elsewhere(slots: Mapping[Colour, Standing], routes: Sequence[RouteState]) -> SaidNo | None:
    """Why nothing may be done: the proxy sends users to a slot that our books do not call live (they may come from an
    old backup), so that ending "what stands idle" would end what users reach. None where both agree."""
    for route in routes:
        standing = slots.get(route.live) if route.live else None
        if (
            standing is None
            or standing.slot.state is SlotState.LIVE
            or not any(route.servers.get(standing.slot.colour, ()))
        ):
            continue
        return SaidNo(
            "slot.changed",
            f"the proxy sends {route.spec.host}{route.spec.path} to {standing.slot.colour.value}, "
            f"which our books call {standing.slot.state.value}",
            hint="nothing was touched; was a backup put back? fairlead adopt takes over what users reach",
        )
    return None


def stands_idle(standing: Standing) -> bool:
    """Whether it stands by, or failed and was kept for a time."""
    slot = standing.slot
    return slot.state is SlotState.STANDBY or (slot.state is SlotState.IDLE and slot.standby_until is not None)


def choose_colour(deployment: Deployment, slots: Mapping[Colour, Standing]) -> Colour:
    """The slot to fill: for a rollback the one in which the release stands by, else the one that is not live."""
    if deployment.kind == "rollback":
        for colour, standing in slots.items():
            if standing.slot.state is SlotState.STANDBY and standing.slot.release == deployment.release:
                return colour
    for colour, standing in slots.items():
        if standing.slot.state is SlotState.LIVE:
            return colour.other
    return Colour.BLUE
