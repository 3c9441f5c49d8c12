"""Counting what users meet while routes are switched: before, after, and what lies between. Never in the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fairlead.domain.colour import Colour
from fairlead.domain.errors import FairleadError
from fairlead.domain.record import Json, from_data, to_data
from fairlead.domain.switch_record import SwitchRecord
from fairlead.ports.proxy import Counters
from fairlead.ports.step import Tools
from fairlead.ports.traffic import Visits

COUNT, POINT = "count", "point"
"""The keys of the effects whose output holds the counts before: the switch, and, where services are recreated under
their routes, what comes before their old selves are stopped."""
COUNTED = "counted"

Pair = Mapping[Colour, Counters]


@dataclass(frozen=True, slots=True)
class Grown:
    """What two readings of a slot's counters differ by; `is_whole` where the proxy counted on all the time."""

    requests: int
    failed: int
    application: int
    retried: int
    left: int
    is_whole: bool


async def counted_now(routes: Iterable[str], tools: Tools) -> dict[str, Json]:
    """Both slots' counters of each route, as an effect's output keeps them; one that cannot be asked is left out."""
    found: dict[str, Json] = {}
    for route in routes:
        pair = {colour.value: await _counters(route, colour, tools) for colour in Colour}
        if all(pair.values()):
            found[route] = {colour: to_data(held) for colour, held in pair.items()}
    return found


async def _counters(route: str, colour: Colour, tools: Tools) -> Counters | None:
    try:
        return await tools.proxy.counters(route, colour)
    except FairleadError:
        return None


def counted_before(route: str, tools: Tools) -> Pair | None:
    """What this task found at the route before it was switched; None where nobody knows any more."""
    kept = tools.outputs.get(COUNT, tools.outputs.get(POINT, {})).get(COUNTED)
    pair = kept.get(route) if isinstance(kept, dict) else None
    return _pair(pair) if isinstance(pair, dict) else None


async def record_switch(
    route: str, new: Colour, tools: Tools, *, cut: int = 0, old_now: Counters | None = None, is_back: bool = False
) -> SwitchRecord | None:
    """The record of the route from its switch until now; None where it was not switched.

    `old_now` are the old slot's counters from before anything was closed. With `is_back` the new release was taken
    back: what failed at it is its own. Our own visits to the route end with it.
    """
    if POINT not in tools.outputs and COUNT not in tools.outputs:
        return None
    visits = tools.traffic.leave(tools.task, route)
    before = counted_before(route, tools)
    old_now = old_now or await _counters(route, new.other, tools)
    new_now = await _counters(route, new, tools)
    if before is None or old_now is None or new_now is None:
        return _from_visits(visits, cut=cut, is_back=is_back)
    old, its = grown(before[new.other], old_now), grown(before[new], new_now)
    counted = old.failed + (0 if is_back else its.failed)
    return SwitchRecord(
        requests=old.requests + its.requests,
        failed=counted if is_back else max(counted + visits.unanswered, visits.failed),
        application=old.application + (0 if is_back else its.application),
        cut=cut,
        of_release=max(its.failed + visits.unanswered, visits.failed) if is_back else 0,
        retried=old.retried + its.retried,
        left=old.left + its.left,
        visits=visits.requests,
        slowest_ms=visits.slowest_ms,
        is_whole=old.is_whole and its.is_whole,
        is_back=is_back,
    )


def grown(before: Counters, after: Counters) -> Grown:
    """What was counted between the two. A proxy that was started anew counts from zero: then it is what it says now."""
    is_whole = after.requests >= before.requests and _failed(after) >= _failed(before)
    since = before if is_whole else Counters(0, 0, 0, 0)
    return Grown(
        requests=after.requests - since.requests,
        failed=_failed(after) - _failed(since),
        application=after.server_errors - since.server_errors,
        retried=after.retried - since.retried,
        left=after.left - since.left,
        is_whole=is_whole,
    )


def _failed(counters: Counters) -> int:
    return counters.proxy_errors + counters.broken + counters.server_errors


def _from_visits(visits: Visits, *, cut: int, is_back: bool) -> SwitchRecord:
    return SwitchRecord(
        requests=visits.requests,
        failed=0 if is_back else visits.failed,
        cut=cut,
        of_release=visits.failed if is_back else 0,
        visits=visits.requests,
        slowest_ms=visits.slowest_ms,
        is_whole=False,
        is_back=is_back,
    )


def _pair(data: Mapping[str, Json]) -> Pair:
    return {Colour(colour): from_data(Counters, held) for colour, held in data.items()}
