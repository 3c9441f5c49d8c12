"""Filters that give a part of a version."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fairlead.domain.errors import Invalid
from fairlead.domain.template.evaluation import Filter
from fairlead.domain.version import Version, VersionFormat, read


def _of(part: Callable[[Version], str]) -> Filter:
    def apply(value: str | None, options: Sequence[str]) -> str | None:
        try:
            return None if value is None else part(read(value, VersionFormat.OCTOPUS))
        except Invalid:
            return None

    return apply


FILTERS: dict[str, Filter] = {
    "versionmajor": _of(lambda version: str(version.numbers[0])),
    "versionminor": _of(lambda version: str(version.numbers[1])),
    "versionpatch": _of(lambda version: str(version.numbers[2])),
    "versionrevision": _of(lambda version: str(version.numbers[3])),
    "versionprerelease": _of(lambda version: version.prerelease),
    "versionprereleaseprefix": _of(lambda version: version.prefix),
    "versionprereleasecounter": _of(lambda version: version.counter),
    "versionmetadata": _of(lambda version: version.metadata),
}
