"""Version masks: the next version from the latest one, part by part: `c` keeps, `i` adds one, the rest stands.

OctopusDeploy/Versioning's OctopusVersionMask. What follows an `i` and is to be kept or counted begins at 0 again. A
mask that names no fourth number still gives one where the latest has one. In labels and metadata the parts between
dots are kept and counted; whatever is not a number there counts as 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fairlead.domain.versions.parts import Version, VersionFormat, rank_of_labels, words
from fairlead.domain.versions.reading import read

KEEP, COUNT = "c", "i"

_PART = r"([0-9]+|i|c)"
_MASK = re.compile(
    rf"(?:([vV])?{_PART}(?:\.{_PART})?(?:\.{_PART})?(?:\.{_PART})?)?(?:-([^+\s]*))?(?:\+(\S*))?",
)
_COUNTED_LABEL = re.compile(r"\.[ic]$")
_WHOLE = re.compile(r"-?[0-9]+")


@dataclass(frozen=True, slots=True)
class Mask:
    """A mask as read. Parts that it has not are ""; `is_readable` False: the text has not a mask's form at all."""

    text: str
    is_readable: bool
    prefix: str = ""
    numbers: tuple[str, str, str, str] = ("", "", "", "")
    labels: str = ""
    metadata: str = ""

    @property
    def is_mask(self) -> bool:
        """Whether something of it is kept or counted; of labels and metadata only their last part is looked at."""
        counted = [_COUNTED_LABEL.search(text) is not None for text in (self.labels, self.metadata)]
        return self.is_readable and (any(_varies(part) for part in self.numbers) or any(counted))

    def fits(self, version: Version) -> bool:
        """Whether the version has the numbers that stand before the first part that varies."""
        for wanted, number in zip(self.numbers, version.numbers, strict=True):
            if _varies(wanted):
                return True
            if number != int(wanted or 0):
                return False
        return True


def read_mask(text: str) -> Mask:
    """The mask that the text spells."""
    found = _MASK.fullmatch(text)
    if not found:
        return Mask(text, is_readable=False)
    prefix, major, minor, patch, revision, labels, metadata = (group or "" for group in found.groups())
    numbers = (major, minor, patch, revision)
    return Mask(text, is_readable=True, prefix=prefix, numbers=numbers, labels=labels, metadata=metadata)


def apply_mask(text: str, latest: Version | None) -> Version:
    """The version after `latest` by the mask; without one whatever varies is 0. Invalid where none comes of it."""
    mask = read_mask(text)
    if not mask.is_readable:
        return read(text, VersionFormat.OCTOPUS)
    made = _from_nothing(mask) if latest is None else _after(mask, read_mask(latest.text))
    return read(made, VersionFormat.OCTOPUS)


def latest_masked_all(text: str, versions: Iterable[Version]) -> Sequence[Version]:
    """The highest that fit the mask: several where they differ by metadata alone."""
    mask = read_mask(text)
    fitting = [version for version in versions if mask.fits(version)]
    highest = max(fitting, default=None)
    return [version for version in fitting if version == highest]


def next_by_mask(text: str, versions: Iterable[Version]) -> Version:
    """The version that follows those by the mask. Of equal ones the metadata decides; where none fits, whatever
    varies begins at 0, but a first number that is to be kept at 1: ``c.i.0`` gives 1.0.0."""
    found = latest_masked_all(text, versions)
    if not found:
        text = re.sub(r"^([vV]?)c(?=[.+-]|$)", r"\g<1>1", text)
    latest = max(found, key=lambda version: rank_of_labels(words(version.metadata)), default=None)
    return apply_mask(text, latest)


def _varies(part: str) -> bool:
    return part in (KEEP, COUNT)


def _from_nothing(mask: Mask) -> str:
    numbers = ".".join("0" if _varies(part) else part for part in mask.numbers if part)
    labels, metadata = (
        ".".join("0" if _varies(part) else part for part in text.split(".")) for text in (mask.labels, mask.metadata)
    )
    return _joined(mask.prefix + numbers, labels, metadata)


def _after(mask: Mask, latest: Mask) -> str:
    numbers = _counted(mask.numbers[0], latest.numbers[0])
    for position in range(1, 4):
        before, part, old = mask.numbers[position - 1], mask.numbers[position], latest.numbers[position]
        if part:
            numbers += ".0" if before == COUNT and _varies(part) else f".{_counted(part, old)}"
        elif old and before:
            numbers += ".0"
    labels, metadata = _labels_after(mask.labels, latest.labels), _labels_after(mask.metadata, latest.metadata)
    return _joined(mask.prefix + numbers, labels, metadata)


def _labels_after(text: str, latest: str) -> str:
    parts, old = text.split("."), latest.split(".")
    restarts = _COUNTED_LABEL.search(text) is not None
    made = []
    for position, part in enumerate(parts):
        if position and parts[position - 1] == COUNT and restarts:
            made.append("0")
        else:
            held = old[position] if position < len(old) else ""
            made.append(_counted(part, held))
    return ".".join(made)


def _counted(part: str, old: str) -> str:
    if not _varies(part):
        return part
    return str((int(old) if _WHOLE.fullmatch(old) else 0) + (1 if part == COUNT else 0))


def _joined(numbers: str, labels: str, metadata: str) -> str:
    return numbers + (f"-{labels}" if labels else "") + (f"+{metadata}" if metadata else "")
