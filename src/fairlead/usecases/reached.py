"""Where the proxy sends users now, and how that differs from what is recorded as live.

From its switch to its commit point a deployment has users at the new release, while the books go on to call the old one
live: it may be taken back yet. Lists learn it by a look now and then; who shows one place asks the proxy itself."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fairlead.domain.colour import Colour
from fairlead.domain.errors import FairleadError
from fairlead.domain.naming import route_name
from fairlead.domain.service import Route
from fairlead.domain.slot import Slot, SlotState
from fairlead.ports.catalogue import Place
from fairlead.store import routes, tasks
from fairlead.store.database import Connection

if TYPE_CHECKING:
    from fairlead.usecases.context import Context

PROXY_TIMEOUT_S = 2.0
ROUTES_ASKED = 8
"""Of a place: all of them are switched together."""


class Asked(Protocol):
    """What of the proxy is asked."""

    async def live(self, route: str) -> Colour | None: ...


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Users are sent to what is not recorded as live: to `version` (the slot's colour where that has none); `said` are
    the words for it."""

    version: str
    said: str


async def look(context: Context, proxy: Asked) -> None:
    """Asks for every place at which a deployment has its turn; elsewhere users are where the books say, or are brought
    there. Where the proxy does not answer nothing is known: who looks after it tells."""
    found: dict[Place, frozenset[Colour]] = {}
    for place, its in (await context.database.read(_moving)).items():
        there = await reached(proxy, place, its)
        if there is not None:
            found[place] = there
    context.running.reached = found


async def reached(proxy: Asked, place: Place, its: Mapping[str, tuple[Route, ...]]) -> frozenset[Colour] | None:
    """The slots to which routes of the place lead; None where it has none, or the proxy does not answer."""
    names = names_of(place, its)
    if not names:
        return None
    try:
        async with asyncio.timeout(PROXY_TIMEOUT_S):
            led = [await proxy.live(name) for name in names]
    except (FairleadError, TimeoutError):
        return None
    return frozenset(colour for colour in led if colour is not None)


def names_of(place: Place, its: Mapping[str, tuple[Route, ...]]) -> list[str]:
    """Names of the place's routes at the proxy, as many as are asked."""
    each = [route for of_service in its.values() for route in of_service][:ROUTES_ASKED]
    return [route_name(place.project, place.environment, one.host, one.path, tenant=place.tenant) for one in each]


def elsewhere(
    slots: Mapping[Colour, Slot], there: Collection[Colour] | None, *, is_under_way: bool
) -> Elsewhere | None:
    """How what the proxy does differs from what is recorded; None where it does not, or is not known (`there`).
    `is_under_way`: a deployment is, so that it is no contradiction."""
    recorded = next((slot for slot in slots.values() if slot.state is SlotState.LIVE), None)
    others = [
        colour for colour in Colour if colour in (there or ()) and (not recorded or colour is not recorded.colour)
    ]
    if not others:
        return None
    colour = others[0]
    held = slots.get(colour)
    version = (held.version if held else "") or colour.value
    who = "Users" if there is not None and len(there) == len(others) else "Users of some routes"
    sent = f"{who} are sent to {_named(version, colour)} now"
    if recorded is None:
        return Elsewhere(version, f"{sent}; nothing is recorded as live" + " yet" * is_under_way + ".")
    was = _named(recorded.version, recorded.colour)
    if not is_under_way:
        return Elsewhere(version, f"{sent}, though {was} is recorded as live.")
    until = "is recorded as live until the deployment has gone well, and gets them back where it does not"
    return Elsewhere(version, f"{sent}; {was} {until}.")


def _named(version: str, colour: Colour) -> str:
    return f"{version} in {colour.value}" if version != colour.value else colour.value


def _moving(connection: Connection) -> Mapping[Place, Mapping[str, tuple[Route, ...]]]:
    places = tasks.places_deployed_to(connection)
    return routes.of_many(connection, places) if places else {}
