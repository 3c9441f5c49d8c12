"""Packages of the feed and what builds told of them: which of these retention lets go, and why each other stays.

As Octopus has it (docs.octopus.com, "Retention policies"): what a release uses stays; else a package goes when it is
older than the feed's days (none by default: it stays), and build information with its package, or after 100 days where
the feed has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

BUILDS_DAYS = 100
"""How long build information stays whose package the feed has not."""

Noun: TypeAlias = Literal["package", "build information"]


@dataclass(frozen=True, slots=True)
class Stored:
    """A package or a piece of build information; `blob` the key of a package's bytes."""

    noun: Noun
    id: str
    name: str
    version: str
    created_at: datetime
    blob: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What releases name it by."""
        return self.name.lower(), self.version

    def __str__(self) -> str:
        return f"{self.noun} {self.name} {self.version}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it stays, and why."""

    stored: Stored
    is_kept: bool
    words: str


@dataclass(frozen=True, slots=True)
class Needs:
    """What keeps things: packages that releases and runbooks name, and those whose newest a process takes files from,
    by name in lower case and version."""

    named: frozenset[tuple[str, str]]
    next: frozenset[tuple[str, str]]


def judged(stored: Iterable[Stored], needs: Needs, *, keep_days: int, now: datetime) -> Iterator[Verdict]:
    """The verdict on each, in the order given. `keep_days` 0: packages stay for ever."""
    everything = list(stored)
    packages = {one.key: one for one in everything if one.noun == "package"}
    for one in everything:
        if one.key in needs.named:
            yield Verdict(one, is_kept=True, words="a release or runbook names it")
        elif one.key in needs.next:
            yield Verdict(one, is_kept=True, words="the newest that a process takes files from")
        elif one.key in packages:
            yield _by_age(one, packages[one.key].created_at, keep_days, now)
        else:
            yield _by_age(one, one.created_at, BUILDS_DAYS, now)


def _by_age(one: Stored, since: datetime, days: int, now: datetime) -> Verdict:
    if not days:
        return Verdict(one, is_kept=True, words="packages of the feed are kept for ever")
    is_young = now - since <= timedelta(days=days)
    age = f"{(now - since).days} of {days} days"
    return Verdict(one, is_kept=is_young, words=f"unused for {age}" if is_young else f"older than {days} days, unused")
