"""Retention: which releases go and which stay, each with its reasons (the rules are Octopus's).

A release is judged by counters: one for releases that were never deployed, and one for each phase that it was deployed
to. It goes only where every counter that it falls under is full already. What a dashboard shows, and what was live
before that, is never deleted and takes no place in a counter; nor is anything that is under way, nor what a kept
release of another project deploys.
Source: docs.octopus.com, "Retention policies".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

UNDEPLOYED = "undeployed"
"""The counter of releases that were never deployed."""

Protection: TypeAlias = Literal["dashboard", "previous", "under_way", "parent"]


@dataclass(frozen=True, slots=True)
class Keep:
    """How much is kept: the newest `releases` (a count), or what is at most `days` old; neither: everything."""

    releases: int | None = None
    days: int | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is ever deleted by it."""
        return self.releases is None and self.days is None


KEEP_ALL = Keep()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release that may have to go: `phases` name → when it was last deployed there, in the lifecycle's order.
    `protection` says why it stays whatever the counters say."""

    version: str
    created_at: datetime
    phases: Mapping[str, datetime]
    protection: Protection | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """What one counter said of a release: `place` from 0 among those that it keeps; None where it was full."""

    counter: str
    place: int | None
    keep: Keep


@dataclass(frozen=True, slots=True)
class Fate:
    """Whether a release stays, and why: its protection (with ``parent``, which release that is), or what each counter
    said."""

    version: str
    is_kept: bool
    protection: Protection | None = None
    counts: tuple[Count, ...] = ()
    parent: str = ""

    @property
    def words(self) -> str:
        """The reason for people."""
        match self.protection:
            case "dashboard":
                return "dashboard"
            case "previous":
                return "previous of dashboard (rollback)"
            case "under_way":
                return "a deployment of it is under way or waits"
            case "parent":
                return f"{self.parent or 'a release of another project'} deploys it"
            case None:
                return "; ".join(_counted(count) for count in self.counts)


def effective(lifecycle: Keep, phases: Sequence[tuple[str, Keep | None]]) -> dict[str, Keep]:
    """What holds in each phase: its own, else that of the latest phase before it that has one, else the lifecycle's."""
    found: dict[str, Keep] = {}
    last = lifecycle
    for name, own in phases:
        last = own or last
        found[name] = last
    return found


def protected(history: Mapping[str, Sequence[str]]) -> dict[str, Protection]:
    """What dashboards need. `history` place → the versions that were live there, the present one first: that one is
    shown, and the one before it is the way back."""
    shown = {versions[0] for versions in history.values() if versions}
    before = {versions[1] for versions in history.values() if len(versions) > 1}
    return {**dict.fromkeys(before, "previous"), **dict.fromkeys(shown, "dashboard")}


def fates(
    newest_first: Sequence[Candidate], rules: Mapping[str, Keep], undeployed: Keep, *, now: datetime
) -> tuple[Fate, ...]:
    """What becomes of each, in the order given. `rules` phase → what holds there (see `effective`)."""
    taken: dict[str, int] = {}
    return tuple(_fate(one, rules, undeployed, taken, now) for one in newest_first)


def _fate(one: Candidate, rules: Mapping[str, Keep], undeployed: Keep, taken: dict[str, int], now: datetime) -> Fate:
    if one.protection is not None:
        return Fate(one.version, is_kept=True, protection=one.protection)
    asked = [(name, rules.get(name, undeployed), at) for name, at in one.phases.items()]
    counts = tuple(
        _count(name, keep, at, taken, now) for name, keep, at in asked or [(UNDEPLOYED, undeployed, one.created_at)]
    )
    return Fate(one.version, any(count.place is not None for count in counts), counts=counts)


def _count(name: str, keep: Keep, at: datetime, taken: dict[str, int], now: datetime) -> Count:
    place = taken.get(name, 0)
    has_room = keep.releases is None or place < keep.releases
    is_young = keep.days is None or now - at <= timedelta(days=keep.days)
    if not (has_room and is_young):
        return Count(name, None, keep)
    taken[name] = place + 1
    return Count(name, place, keep)


def _counted(count: Count) -> str:
    return f"{count.counter} full" if count.place is None else f"{count.counter} kept {count.place}"
