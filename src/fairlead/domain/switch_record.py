"""What users met while routes were switched: the zero-loss record of a deployment (law 1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fairlead.domain.record import Json, from_data, to_data

SWITCH = "switch"
"""The key under which a task's facts hold the record of one route."""


@dataclass(frozen=True, slots=True)
class SwitchRecord:
    """One route, or all routes of a deployment together, from the switch until the old slot was drained.

    requests      that ended, our own visits among them
    failed        broken off, unanswered, answered by the proxy itself, or with 5xx by a healthy release (law 1)
    application   those of the failed that the application answered with 5xx
    cut           still open at the drain's bound, and closed
    of_release    lost to a release that was taken back, until users were at the old one again; not among the failed
    retried       connections that the proxy made again; users noticed nothing but time
    left          requests whose client went away before the answer's end
    visits        our own requests through the proxy, and `slowest_ms` the slowest of them
    is_whole      false where the proxy was started anew, or our server died, meanwhile: what was counted before is lost
    is_back       users were sent back to the old release
    """

    requests: int = 0
    failed: int = 0
    application: int = 0
    cut: int = 0
    of_release: int = 0
    retried: int = 0
    left: int = 0
    visits: int = 0
    slowest_ms: float = 0.0
    is_whole: bool = True
    is_back: bool = False

    @property
    def sentence(self) -> str:
        """As people read it."""
        slowest = f"slowest {self.slowest_ms:.0f} ms" if self.visits else "slowest not measured"
        requests = f"{self.requests:,} {'request' if self.requests == 1 else 'requests'}"
        said = f"{requests}, {self.failed:,} failed, {self.cut:,} cut, {slowest} during the switch"
        more = []
        if self.application:
            more.append(f"{self.application:,} of the failed were answered with 5xx by the application")
        if self.is_back:
            more.append(f"{self.of_release:,} lost to the new release until users were switched back")
        if not self.is_whole:
            more.append("not all of it was counted: the proxy or the server was started anew meanwhile")
        return "; ".join([said, *more])


def together(records: Iterable[SwitchRecord]) -> SwitchRecord | None:
    """The sum over several routes; None where there is none."""
    each = tuple(records)
    if not each:
        return None
    return SwitchRecord(
        requests=sum(one.requests for one in each),
        failed=sum(one.failed for one in each),
        application=sum(one.application for one in each),
        cut=sum(one.cut for one in each),
        of_release=sum(one.of_release for one in each),
        retried=sum(one.retried for one in each),
        left=sum(one.left for one in each),
        visits=sum(one.visits for one in each),
        slowest_ms=max(one.slowest_ms for one in each),
        is_whole=all(one.is_whole for one in each),
        is_back=any(one.is_back for one in each),
    )


def as_fact(record: SwitchRecord, **more: Json) -> Json:
    """The record of one route as a fact of its task, with what else the fact tells."""
    return {**more, SWITCH: to_data(record)}


def switch_of(facts: Mapping[str, Json]) -> SwitchRecord | None:
    """The record of all of a task's routes, from its facts; None where nothing was switched."""
    held = (fact[SWITCH] for fact in facts.values() if isinstance(fact, dict) and SWITCH in fact)
    return together(from_data(SwitchRecord, data) for data in held)
