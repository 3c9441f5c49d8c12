"""A version as it was read: its parts, and its place in the order of its format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import total_ordering
from typing import Any

from fairlead.domain.errors import Invalid

LARGEST_NUMBER = 2**31 - 1
LONGEST = 1000
"""Characters: no registry has longer versions, and every reader's work is bounded by it."""

_WHOLE = re.compile(r"-?[0-9]+")

Numbers = tuple[int, int, int, int]
Rank = tuple[Any, ...]


class VersionFormat(StrEnum):
    """How a version is read and ordered."""

    OCTOPUS = "octopus"
    SEMVER = "semver"
    MAVEN = "maven"
    DOCKER = "docker"
    LEXICOGRAPHIC = "lexicographic"


_LIKE_NUMBERS = frozenset({VersionFormat.OCTOPUS, VersionFormat.SEMVER, VersionFormat.DOCKER})


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """`text` without its spaces; `numbers` always has four. Equal and hashed by `rank`, its place in the order, not
    by its text. Maven's and lexicographic versions have an order of their own and none with others."""

    text: str
    numbers: Numbers
    rank: Rank
    prerelease: str = ""
    metadata: str = ""
    prefix: str = ""
    counter: str = ""
    is_prerelease: bool = False
    format: VersionFormat = VersionFormat.OCTOPUS

    def __eq__(self, other: object) -> bool:
        return self._is_like(other) and self.rank == other.rank if isinstance(other, Version) else NotImplemented

    def __lt__(self, other: Version) -> bool:
        return bool(self.rank < other.rank) if self._is_like(other) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.rank)

    def __str__(self) -> str:
        return self.text

    def _is_like(self, other: Version) -> bool:
        return self.format == other.format or {self.format, other.format} <= _LIKE_NUMBERS


def rank_of(numbers: Numbers, labels: list[str], metadata: str = "") -> Rank:
    """The place of such a version: a pre-release below its release, labels one by one. `metadata` where it has weight,
    as with SemVer: what differs by it alone is not equal, whatever its case."""
    return (numbers, not labels, rank_of_labels(labels), metadata.upper())


def rank_of_labels(labels: list[str]) -> Rank:
    """Numbers by value and below words, words without regard to case; a list before a longer one that begins as it."""
    return tuple(_rank_of_label(label) for label in labels)


def numbers_of(texts: list[str | None], whole: str) -> Numbers:
    """Four numbers, 0 for those that are missing; Invalid `input.invalid` where one is larger than 2³¹-1."""
    numbers = []
    for text in texts:
        digits = (text or "0").strip().lstrip("0") or "0"
        if len(digits) > len(str(LARGEST_NUMBER)) or int(digits) > LARGEST_NUMBER:
            raise not_a_version(whole)
        numbers.append(int(digits))
    major, minor, patch, revision = [*numbers, 0, 0, 0][:4]
    return major, minor, patch, revision


def words(text: str) -> list[str]:
    """The labels between whatever is neither letter nor digit; empty ones too, none of an empty text."""
    return re.split(r"[\W_]", text) if text else []


def not_a_version(text: str) -> Invalid:
    """What a text that spells no version is answered with."""
    return Invalid(
        "input.invalid",
        f"{text[:80]!r} is not a version",
        thing="version",
        hint="up to four numbers, then -label and +metadata: 1.4.0, 2.0.1-rc.1, 3.1.4.1592",
    )


def _rank_of_label(label: str) -> tuple[int, int, str]:
    """SemVer's labels may have a sign."""
    return (0, int(label), "") if _WHOLE.fullmatch(label) else (1, 0, label.upper())
