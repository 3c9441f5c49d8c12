"""The number of the next release of a project: a template of variables and mask letters, or the version of a donor.

As Octopus has it (docs.octopus.com, "Release versioning"): ``#{Octopus.Version.NextPatch}``, the same of a channel or
of a named one, dates and times, and the letters `i` and `c` of a version mask. Each name exists under Fairlead too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fairlead.domain.errors import Conflict, Invalid
from fairlead.domain.names import version_text
from fairlead.domain.template.variables import Variables
from fairlead.domain.version import Version, next_version, numbered, parse
from fairlead.domain.versions.masks import read_mask

_COUNTER = re.compile(r"(?P<words>.*?)(?P<number>[0-9]{1,18})?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Made:
    """The version and the channel of a release that was made."""

    version: str
    channel: str


def number_of(template: str, known: Iterable[str], values: Mapping[str, str]) -> str:
    """What the template makes of the values, its mask letters counted from the known versions. Invalid
    `release.template` where a token has no value or no version comes of it; Conflict `release.exists` where a release
    has that version."""
    text = template
    if "#{" in template:
        found = Variables(dict(values)).evaluate(template)
        if found.missing:
            raise _no_version(template, f"{', '.join(found.missing)} has no value")
        text = (found.text or "").strip()
    taken = set(known)
    try:
        made = next_version(taken, text) if read_mask(text).is_mask else version_text(text)
        parse(version_text(made))
    except Invalid as error:
        raise _no_version(template, error.message) from error
    if made in taken:
        raise Conflict(
            "release.exists", f"a release {made} exists already", thing=made, hint="let the template count: c.c.i"
        )
    return made


def values_for(made: Iterable[Made], channel: str, at: datetime) -> dict[str, str]:
    """The variables of a version template, for a release of that channel at that time (UTC)."""
    by_channel: dict[str, list[str]] = {channel: []}
    for one in made:
        by_channel.setdefault(one.channel, []).append(one.version)
    every = [version for versions in by_channel.values() for version in versions]
    values = _counted("Octopus.Version", every) | _counted("Octopus.Version.Channel", by_channel[channel])
    for name, versions in by_channel.items():
        values |= _counted(f"Octopus.Version.Channel[{name}]", versions)
    values |= {
        "Octopus.Release.Channel.Name": channel,
        "Octopus.Date.Day": str(at.day),
        "Octopus.Date.Month": str(at.month),
        "Octopus.Date.Year": str(at.year),
        "Octopus.Date.DayOfYear": str(at.timetuple().tm_yday),
        "Octopus.Time.Hour": str(at.hour),
        "Octopus.Time.Minute": str(at.minute),
        "Octopus.Time.Second": str(at.second),
    }
    return values | {f"Fairlead.{name.partition('.')[2]}": value for name, value in values.items()}


def _counted(prefix: str, versions: Iterable[str]) -> dict[str, str]:
    last: Version | None = max(numbered(versions), default=None)
    major, minor, patch, revision = last.numbers if last else (0, 0, 0, 0)
    numbers = {"Major": major, "Minor": minor, "Patch": patch, "Build": patch, "Revision": revision}
    values = {f"{prefix}.Last{name}": str(number) for name, number in numbers.items()}
    values |= {f"{prefix}.Next{name}": str(number + 1) for name, number in numbers.items()}
    suffix = last.prerelease if last else ""
    return values | {f"{prefix}.LastSuffix": suffix, f"{prefix}.NextSuffix": _counted_suffix(suffix)}


def _counted_suffix(suffix: str) -> str:
    """The suffix with the number at its end counted; `.2` behind one without a number."""
    found = _COUNTER.fullmatch(suffix)
    if not suffix or found is None:
        return ""
    return f"{found['words']}{int(found['number']) + 1}" if found["number"] else f"{suffix}.2"


def _no_version(template: str, why: str) -> Invalid:
    return Invalid(
        "release.template",
        f"the version template {template[:120]!r} makes no version: {why}",
        thing="template",
        hint="for example c.i.0, or #{Octopus.Version.LastMajor}.#{Octopus.Version.NextMinor}.0",
    )
