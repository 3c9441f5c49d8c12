"""Phases of lifecycles as people write them: one line each, in a form or on the command line.

`Production: EU, US; approval; minimum 1; keep 5 releases; keep 30 days; keep files of 3 releases`
No environments: all that no earlier phase names. The words are those that `written` gives back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from fairlead.domain.errors import Invalid
from fairlead.domain.retention import Keep
from fairlead.formats import durations

WORDS = (
    "automatic, approval, approval expires in N hours, optional, minimum N, keep N releases, keep N days, keep all, "
    "keep files of N releases"
)
_KEEP = re.compile(r"keep (files of )?(?:(all)|([0-9]{1,6}) (releases?|days?))", re.IGNORECASE)
_EXPIRES = re.compile(r"approval expires in (.{1,20})", re.IGNORECASE)
_MINIMUM = re.compile(r"minimum ([0-9]{1,4})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PhaseLine:
    """A phase with the names of its environments."""

    name: str
    environments: tuple[str, ...] = ()
    automatic: bool = False
    needs_approval: bool = False
    minimum: int = 0
    is_optional: bool = False
    releases: Keep | None = None
    files: Keep | None = None
    approval_expires_s: int = 0


def read(line: str) -> PhaseLine:
    """The phase; Invalid `lifecycle.phases` that names the word that means nothing."""
    name, _, rest = line.partition(":")
    places, *more = rest.split(";")
    if not name.strip() or ";" in name:
        _refuse(line)
    found = PhaseLine(name.strip(), tuple(part.strip() for part in places.split(",") if part.strip()))
    for words in more:
        found = _with(found, " ".join(words.split()))
    return found


def read_all(text: str) -> tuple[PhaseLine, ...]:
    """A phase for each line that is not empty."""
    return tuple(read(line) for line in text.splitlines() if line.strip())


def written(phase: PhaseLine) -> str:
    """The line that `read` reads as this phase."""
    words = [
        *(["automatic"] if phase.automatic else []),
        *_asked(phase),
        *(["optional"] if phase.is_optional else []),
        *([f"minimum {phase.minimum}"] if phase.minimum else []),
        *_kept(phase.releases, ""),
        *_kept(phase.files, "files of "),
    ]
    return "; ".join([f"{phase.name}: {', '.join(phase.environments)}".strip(), *words])


def _asked(phase: PhaseLine) -> Sequence[str]:
    if not phase.needs_approval:
        return ()
    expires_s = phase.approval_expires_s
    return (f"approval expires in {durations.written(expires_s)}" if expires_s else "approval",)


def _kept(keep: Keep | None, what: str) -> Sequence[str]:
    if keep is None:
        return ()
    if keep.is_everything:
        return (f"keep {what}all",)
    counts = ((keep.releases, "releases"), (keep.days, "days"))
    return tuple(f"keep {what}{count} {unit}" for count, unit in counts if count is not None)


def _with(phase: PhaseLine, words: str) -> PhaseLine:
    match words.lower():
        case "":
            return phase
        case "automatic":
            return replace(phase, automatic=True)
        case "approval":
            return replace(phase, needs_approval=True)
        case "optional":
            return replace(phase, is_optional=True)
        case _:
            pass
    if (expires := _EXPIRES.fullmatch(words)) and (expires_s := durations.read(expires[1])):
        return replace(phase, needs_approval=True, approval_expires_s=expires_s)
    if minimum := _MINIMUM.fullmatch(words):
        return replace(phase, minimum=int(minimum[1]))
    if kept := _KEEP.fullmatch(words):
        before = (phase.files if kept[1] else phase.releases) or Keep()
        keep = _more(before, is_all=bool(kept[2]), count=kept[3], unit=kept[4])
        return replace(phase, files=keep) if kept[1] else replace(phase, releases=keep)
    _refuse(words)


def _more(before: Keep, *, is_all: bool, count: str | None, unit: str | None) -> Keep:
    if is_all or count is None or unit is None:
        return Keep()
    return replace(before, **{"days" if unit.lower().startswith("day") else "releases": int(count)})


def _refuse(words: str) -> NoReturn:
    raise Invalid(
        "lifecycle.phases",
        f"{words[:80]!r} says nothing about a phase",
        thing=words[:80],
        hint=f"NAME: ENVIRONMENTS; {WORDS}",
    )
