"""Ranges of versions: NuGet's one interval, Maven's unions of intervals, and what two of them have in common.

NuGet (learn.microsoft.com/nuget/concepts/package-versioning#version-ranges): ``[1.0,2.0)``, ``(,1.0]``, ``[1.0]``; a
bare ``1.0`` means 1.0 or higher. Maven (maven.apache.org/pom.html, "Dependency Version Requirement Specification";
VersionRange of maven-artifact 3): ``[1.0,1.2),[1.3,)``; a bare ``1.0`` is a recommendation that every version fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.domain.errors import Invalid
from fairlead.domain.versions.parts import Version, VersionFormat
from fairlead.domain.versions.reading import read

MOST_INTERVALS = 100


@dataclass(frozen=True, slots=True)
class Interval:
    """From `lower` to `upper`; None is no bound."""

    lower: Version | None = None
    is_lower_in: bool = False
    upper: Version | None = None
    is_upper_in: bool = False

    def holds(self, version: Version) -> bool:
        """Whether the version lies within."""
        if self.lower is not None and (version < self.lower or (version == self.lower and not self.is_lower_in)):
            return False
        return self.upper is None or version < self.upper or (version == self.upper and self.is_upper_in)

    def __str__(self) -> str:
        return (
            f"{'[' if self.is_lower_in else '('}{self.lower or ''},{self.upper or ''}{']' if self.is_upper_in else ')'}"
        )


@dataclass(frozen=True, slots=True)
class VersionRange:
    """A union of intervals in order; `recommended` where a bare version was given. Bounds are of `format`."""

    intervals: tuple[Interval, ...]
    format: VersionFormat
    recommended: Version | None = None

    def holds(self, version: Version) -> bool:
        """Whether the version lies within one of the intervals."""
        return any(interval.holds(version) for interval in self.intervals)

    def restricted(self, other: VersionRange) -> VersionRange:
        """What both hold. The recommended version is ours, else the other's, where it still lies within."""
        overlap = _overlap(self.intervals, other.intervals)
        offered = [version for version in (self.recommended, other.recommended) if version is not None]
        if overlap:
            offered = [version for version in offered if any(interval.holds(version) for interval in overlap)]
        return VersionRange(overlap, self.format, offered[0] if offered else None)

    def __str__(self) -> str:
        return str(self.recommended or ",".join(str(interval) for interval in self.intervals))


def nuget_range(text: str) -> VersionRange:
    """The range that NuGet's notation spells; Invalid `version.range`."""
    spec = text.strip()
    if spec[:1] not in ("[", "("):
        least = _bound(spec, text, VersionFormat.OCTOPUS)
        return VersionRange((Interval(least, is_lower_in=True),), VersionFormat.OCTOPUS)
    if spec[-1:] not in ("]", ")"):
        raise _not_a_range(text, "it has no end")
    return VersionRange((_interval(spec, text, VersionFormat.OCTOPUS),), VersionFormat.OCTOPUS)


def maven_range(text: str) -> VersionRange:
    """The range that Maven's notation spells; Invalid `version.range`."""
    rest = text.strip()
    found: list[Interval] = []
    while rest[:1] in ("[", "("):
        ends = [place for place in (rest.find(")"), rest.find("]")) if place >= 0]
        if not ends or len(found) == MOST_INTERVALS:
            raise _not_a_range(text, "an interval has no end")
        spec, rest = rest[: min(ends) + 1], rest[min(ends) + 1 :].strip().removeprefix(",").strip()
        interval = _interval(spec, text, VersionFormat.MAVEN)
        if found and not _follows(found[-1], interval):
            raise _not_a_range(text, "its intervals overlap")
        found.append(interval)
    if rest and found:
        raise _not_a_range(text, "after an interval only intervals may follow")
    if found:
        return VersionRange(tuple(found), VersionFormat.MAVEN)
    return VersionRange((Interval(),), VersionFormat.MAVEN, _bound(rest, text, VersionFormat.MAVEN))


def _follows(before: Interval, after: Interval) -> bool:
    return before.upper is None or (after.lower is not None and after.lower >= before.upper)


def _interval(spec: str, text: str, format: VersionFormat) -> Interval:
    is_lower_in, is_upper_in, inner = spec.startswith("["), spec.endswith("]"), spec[1:-1].strip()
    low, comma, high = (part.strip() for part in inner.partition(","))
    if not comma:
        if not (is_lower_in and is_upper_in):
            raise _not_a_range(text, "a single version stands in square brackets")
        only = _bound(inner, text, format)
        return Interval(only, is_lower_in=True, upper=only, is_upper_in=True)
    lower = _bound(low, text, format) if low else None
    upper = _bound(high, text, format) if high else None
    if format is VersionFormat.MAVEN:
        is_same = low == high  # as they are written: none at all, too
    else:  # NuGet compares them, and takes [1.0,1.0]
        is_same = spec[1:-1] == "," or (lower is not None and lower == upper and not (is_lower_in and is_upper_in))
    if is_same:
        raise _not_a_range(text, "its bounds are the same" if low else "it has no bounds")
    if lower is not None and upper is not None and upper < lower:
        raise _not_a_range(text, "it ends before it begins")
    return Interval(lower, is_lower_in, upper, is_upper_in)


def _bound(spec: str, text: str, format: VersionFormat) -> Version:
    try:
        found = read(spec, format)
    except Invalid as error:
        raise _not_a_range(text, f"{spec[:40]!r} is not a version") from error
    if format is VersionFormat.OCTOPUS and not spec.lstrip("vV")[:1].isdigit():
        raise _not_a_range(text, f"{spec[:40]!r} is not a version")
    return found


def _overlap(ours: Sequence[Interval], theirs: Sequence[Interval]) -> tuple[Interval, ...]:
    made: list[Interval] = []
    first, second = 0, 0
    while first < len(ours) and second < len(theirs):
        one, two = ours[first], theirs[second]
        if one.lower is not None and two.upper is not None and one.lower > two.upper:
            second += 1
        elif one.upper is not None and two.lower is not None and one.upper < two.lower:
            first += 1
        else:
            both = _both(one, two)
            if both.lower is None or both.lower != both.upper or (both.is_lower_in and both.is_upper_in):
                made.append(both)
            if both.upper is two.upper:
                second += 1
            else:
                first += 1
    return tuple(made)


def _both(one: Interval, two: Interval) -> Interval:
    lower, is_lower_in = two.lower, two.is_lower_in
    if one.lower is not None and (two.lower is None or one.lower >= two.lower):
        is_lower_in = one.is_lower_in and (one.lower != two.lower or two.is_lower_in)
        lower = one.lower
    upper, is_upper_in = two.upper, two.is_upper_in
    if one.upper is not None and (two.upper is None or one.upper <= two.upper):
        is_upper_in = one.is_upper_in and (one.upper != two.upper or two.is_upper_in)
        upper = one.upper
    return Interval(lower, is_lower_in, upper, is_upper_in)


def _not_a_range(text: str, why: str) -> Invalid:
    return Invalid(
        "version.range",
        f"{text[:80]!r} is not a range of versions: {why}",
        thing="range",
        hint="for example [1.0,2.0) or 1.0; with Maven also [1.0,1.2),[1.3,)",
    )
