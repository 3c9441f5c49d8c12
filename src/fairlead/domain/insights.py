"""Insights: how often, how soon and how safely a project is deployed, from the deployments that were completed.

The rules are those of Octopus (its documents, Insights › Metrics, 2023-01-01), whose figures are in turn those of DORA.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from fairlead.domain.ids import ChannelId, EnvironmentId, ReleaseId, TenantId

DEFAULT_DAYS = 30
LONGEST_DAYS = 366
"""A year, and the day more that some have: each completion in the span is read."""
LOOKED_BACK_DAYS = 90
"""Before the span, for what every place had already: what a place had last before that is looked for by itself."""
_UNITS = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))

Spot: TypeAlias = tuple[EnvironmentId, TenantId | None]
"""Where in a project, and for whom: what fails there recovers there."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A deployment that went live, or failed after it began, at `at`. A success went live without guided failure; one
    that needed it, or that a person marked as failed, is a failure here, as in Octopus."""

    spot: Spot
    release: ReleaseId
    channel: ChannelId
    at: datetime
    is_success: bool


@dataclass(frozen=True, slots=True)
class Made:
    """A release, and when it was made. Ids sort by their making."""

    id: ReleaseId
    channel: ChannelId
    at: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """`failure_rate` 0 to 1; the times are means in seconds; None where there is nothing to tell it from. `unrecovered`
    of the failures had no success behind them in their place."""

    deployments: int
    successes: int
    failures: int
    failure_rate: float | None
    lead_time_s: float | None
    recovery_s: float | None
    unrecovered: int


Delivered: TypeAlias = Mapping[tuple[Spot, ChannelId], ReleaseId]
"""The newest release of each channel that each place had a success of."""


def lead_times(completions: Sequence[Completion], made: Iterable[Made], before: Delivered) -> tuple[float | None, ...]:
    """For each completion the seconds from the making of the earliest release that it brought until it was completed;
    None for failures, and where it brought nothing that was not delivered there before, as in going back.

    `completions` by time, the earliest first; `before` is what was delivered before the first of them. A release brings
    those of its own channel that were made after the newest delivered one. Of releases that retention took nothing is
    known: give those in `made` that there are.
    """
    by_channel: dict[ChannelId, list[Made]] = {}
    for one in sorted(made, key=lambda one: one.id):
        by_channel.setdefault(one.channel, []).append(one)
    delivered = dict(before)
    found: list[float | None] = []
    for done in completions:
        place, lead = (done.spot, done.channel), None
        newest = delivered.get(place)
        if done.is_success and (newest is None or done.release > newest):
            first = _first_after(by_channel.get(done.channel, ()), newest)
            lead = (done.at - first.at).total_seconds() if first and first.id <= done.release else None
            delivered[place] = done.release
        found.append(lead)
    return tuple(found)


def _first_after(made: Sequence[Made], newest: ReleaseId | None) -> Made | None:
    place = 0 if newest is None else bisect_right(made, newest, key=lambda one: one.id)
    return made[place] if place < len(made) else None


def recoveries(completions: Sequence[Completion]) -> tuple[float | None, ...]:
    """For each completion that failed the seconds until the next success in the same place; None for successes, and
    where there was none yet. `completions` by time, the earliest first."""
    success: dict[Spot, datetime] = {}
    found: list[float | None] = []
    for done in reversed(completions):
        if done.is_success:
            success[done.spot] = done.at
            found.append(None)
        else:
            after = success.get(done.spot)
            found.append((after - done.at).total_seconds() if after else None)
    return tuple(reversed(found))


def figures(completions: Sequence[Completion], made: Iterable[Made], before: Delivered) -> Figures:
    """Those of the completions, which are by time, the earliest first; `made` and `before` as `lead_times` has them."""
    failures = [not done.is_success for done in completions]
    recovered = [seconds for seconds in recoveries(completions) if seconds is not None]
    failed = sum(failures)
    return Figures(
        len(completions),
        len(completions) - failed,
        failed,
        failed / len(completions) if completions else None,
        _mean([lead for lead in lead_times(completions, made, before) if lead is not None]),
        _mean(recovered),
        failed - len(recovered),
    )


def _mean(seconds: Sequence[float]) -> float | None:
    return sum(seconds) / len(seconds) if seconds else None


def in_words(seconds: float | None) -> str:
    """A mean in its two largest units, `2 d 3 h`, `4 m 10 s`; "" for None. One below 0, where a clock was set back, is
    `0 s`."""
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    at = next((place for place, (size, _) in enumerate(_UNITS) if whole >= size), len(_UNITS) - 1)
    parts: list[str] = []
    for size, unit in _UNITS[at : at + 2]:
        count, whole = divmod(whole, size)
        parts += [f"{count} {unit}"] if count or not parts else []
    return " ".join(parts)
