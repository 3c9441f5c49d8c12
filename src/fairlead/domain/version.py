"""Release versions: how they are read, how they are ordered, and which comes next.

The order is Octopus's, a superset of SemVer's: up to four numbers, a pre-release below its release, labels compared
one by one (numbers by value and below words, words without regard to case, the separators `.`, `-` and `_` alike),
build metadata of no weight. (OctopusDeploy/Versioning, OctopusVersion; semver.org 2.0.0 §11.) What else there is of
versions (other formats, masks, ranges) is in domain/versions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from fairlead.domain.errors import Invalid
from fairlead.domain.versions.masks import next_by_mask, read_mask
from fairlead.domain.versions.parts import Version, VersionFormat, not_a_version
from fairlead.domain.versions.reading import read

__all__ = ["Version", "VersionFormat", "next_version", "numbered", "parse", "read"]

_NUMBERED = re.compile(r" *[vV]? *[0-9]+(?![A-Za-z0-9])")


def parse(text: str) -> Version:
    """The version that the text spells, which must begin with a number; Invalid `input.invalid`."""
    version = read(text, VersionFormat.OCTOPUS)
    if not _NUMBERED.match(text) or re.search(r"[^\S ]", text):
        raise not_a_version(text)
    return version


def numbered(texts: Iterable[str]) -> list[Version]:
    """Those that are versions, in their order."""
    found: list[Version] = []
    for text in texts:
        try:
            found.append(parse(text))
        except Invalid:
            continue
    return found


def next_version(known: Iterable[str], mask: str) -> str:
    """The version after the known ones by a mask of up to four parts: `c` keeps, `i` adds one, a number stands for
    itself. It is counted from the highest that has the mask's fixed numbers (``2.i.0`` after 1.9.0 is 2.0.0); the first
    of all begins as domain.versions.masks.next_by_mask says."""
    if not mask or not read_mask(mask).is_readable or not _NUMBERED.match(re.sub(r"[ic]", "0", mask)):
        raise Invalid("input.invalid", f"{mask[:40]!r} is not a version mask", hint="for example c.i.0 or 2.0.i")
    return next_by_mask(mask, numbered(known)).text
