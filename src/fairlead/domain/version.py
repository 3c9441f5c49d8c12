"""Release versions: how they are read, how they are ordered, and which comes next.

The order is Octopus's, a superset of SemVer's: up to four numbers, a pre-release below its release, labels compared
one by one (numbers by value and below words, words without regard to case, the separators `.`, `-` and `_` alike),
build metadata of no weight. (OctopusDeploy/Versioning, OctopusVersion; semver.org 2.0.0 §11.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import total_ordering

from fairlead.domain.errors import Invalid

LARGEST_NUMBER = 2**31 - 1

_PATTERN = re.compile(
    r"\s*[vV]?(?P<numbers>\d+(?:\s*[._]\s*\d+){0,3})\s*"
    r"(?:[-._](?P<prerelease>[0-9A-Za-z_.\\-]*))?"
    r"(?:\+(?P<metadata>[0-9A-Za-z_.\\+-]*))?\s*"
)


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A version as read; `numbers` always has four. Equal and hashed by its place in the order, not by its text."""

    text: str
    numbers: tuple[int, int, int, int]
    prerelease: str = ""
    metadata: str = ""

    @property
    def is_prerelease(self) -> bool:
        """Whether it stands below a release of the same numbers."""
        return bool(self.prerelease)

    @property
    def rank(self) -> tuple[object, ...]:
        """What the order is made of."""
        labels = [label for label in re.split(r"[^0-9A-Za-z]", self.prerelease) if label] if self.prerelease else []
        ranked = tuple((0, int(label), "") if label.isdecimal() else (1, 0, label.lower()) for label in labels)
        return (self.numbers, not self.prerelease, ranked)

    def __eq__(self, other: object) -> bool:
        return self.rank == other.rank if isinstance(other, Version) else NotImplemented

    def __lt__(self, other: Version) -> bool:
        return bool(self.rank < other.rank)

    def __hash__(self) -> int:
        return hash(self.rank)

    def __str__(self) -> str:
        return self.text


def parse(text: str) -> Version:
    """The version that the text spells; Invalid `input.invalid` where it spells none."""
    found = _PATTERN.fullmatch(text)
    if not found:
        raise _not_a_version(text)
    numbers = [int(part) for part in re.split(r"\s*[._]\s*", found["numbers"])]
    if max(numbers) > LARGEST_NUMBER:
        raise _not_a_version(text)
    major, minor, patch, revision = [*numbers, 0, 0, 0][:4]
    return Version(text, (major, minor, patch, revision), found["prerelease"] or "", found["metadata"] or "")


def highest(texts: Iterable[str]) -> Version | None:
    """The highest of those that are versions; None where none is."""
    found: list[Version] = []
    for text in texts:
        try:
            found.append(parse(text))
        except Invalid:
            continue
    return max(found, default=None)


def next_version(latest: Version | None, mask: str) -> str:
    """The version after `latest` by a mask of up to four parts: `c` keeps, `i` adds one, a number stands for itself.

    Without a latest, `c` and the first `i` begin as the mask would have them: ``c.i.0`` gives 1.0.0. Parts after an
    `i` are taken as they stand, so that ``c.i.0`` starts its last part anew. Where a kept part was left behind by a
    fixed one that is higher (``2.i.0`` after 1.9.0), the parts after it begin at 0.
    """
    parts = mask.split(".")
    if not 1 <= len(parts) <= 4 or not all(part in ("c", "i") or part.isdecimal() for part in parts):
        raise Invalid("input.invalid", f"{mask[:40]!r} is not a version mask", hint="for example c.i.0 or 2.0.i")
    numbers: list[int] = []
    is_behind = latest is None
    for position, part in enumerate(parts):
        before = latest.numbers[position] if latest and not is_behind else 0
        if part == "i":
            numbers.append(0 if is_behind else before + 1)
        elif part == "c":
            numbers.append(1 if latest is None and position == 0 else before)
        else:
            numbers.append(int(part))
            is_behind = is_behind or int(part) > before
    return ".".join(str(number) for number in numbers)


def _not_a_version(text: str) -> Invalid:
    return Invalid(
        "input.invalid",
        f"{text[:80]!r} is not a version",
        thing="version",
        hint="up to four numbers, then -label and +metadata: 1.4.0, 2.0.1-rc.1, 3.1.4.1592",
    )
