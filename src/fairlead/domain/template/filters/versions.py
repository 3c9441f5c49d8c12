"""Filters that give a part of a version."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from fairlead.domain.errors import Invalid
from fairlead.domain.template.evaluation import Filter
from fairlead.domain.version import Version, parse

_PREFIX = re.compile(r"[0-9A-Za-z]+")


def _of(part: Callable[[Version], str]) -> Filter:
    def apply(value: str | None, options: Sequence[str]) -> str | None:
        try:
            return None if value is None else part(parse(value))
        except Invalid:
            return None

    return apply


def _prefix(version: Version) -> str:
    found = _PREFIX.match(version.prerelease)
    return found[0] if found else ""


def _counter(version: Version) -> str:
    rest = version.prerelease[len(_prefix(version)) :]
    return rest[1:]


FILTERS: dict[str, Filter] = {
    "versionmajor": _of(lambda version: str(version.numbers[0])),
    "versionminor": _of(lambda version: str(version.numbers[1])),
    "versionpatch": _of(lambda version: str(version.numbers[2])),
    "versionrevision": _of(lambda version: str(version.numbers[3])),
    "versionprerelease": _of(lambda version: version.prerelease),
    "versionprereleaseprefix": _of(_prefix),
    "versionprereleasecounter": _of(_counter),
    "versionmetadata": _of(lambda version: version.metadata),
}
