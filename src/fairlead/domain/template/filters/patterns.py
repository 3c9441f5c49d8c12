"""Regular expressions as people of .NET write them: groups by name, letters by their kind (``\\p{Lu}``), all of them
bounded in time, for a bad one would stop the whole server (docs/decisions/0015)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

LONGEST_S = 2.0
"""For one search or replacement. Others go on meanwhile."""

_NAMED_GROUP = re.compile(r"\(\?'([A-Za-z_]\w*)'")
_NAMED_BACKREFERENCE = re.compile(r"\\k<([A-Za-z_]\w*)>")
_REFERENCE = re.compile(r"\$(?:(\$)|(&)|(\d+)|\{(\w+)\})")

Match: TypeAlias = Any
"""Of `regex`, which has the verbs of `re.Match`."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression; each verb gives None where it takes longer than `LONGEST_S`."""

    _made: Any

    def is_in(self, text: str) -> bool | None:
        """Whether anything in the text fits."""
        return _bounded(lambda: self._made.search(text, timeout=LONGEST_S, concurrent=True) is not None)

    def replaced(self, text: str, by: str) -> str | None:
        """The text with `by` in the place of each match: ``$1``, ``${name}``, ``$&`` and ``$$`` are read, all else
        stands as it is."""
        return _bounded(lambda: str(self._made.sub(_replacement(by), text, timeout=LONGEST_S, concurrent=True)))


@lru_cache(maxsize=256)
def compiled(pattern: str, *, knows_case: bool = True) -> Pattern | None:
    """The expression; None where it is none."""
    import regex  # a server that never needs it does not load it

    named = _NAMED_BACKREFERENCE.sub(r"(?P=\1)", _NAMED_GROUP.sub(r"(?P<\1>", pattern))
    try:
        return Pattern(regex.compile(named, 0 if knows_case else regex.IGNORECASE))
    except (regex.error, RecursionError, OverflowError):
        return None


def _bounded(work: Callable[[], T]) -> T | None:
    try:
        return work()
    except TimeoutError:
        return None


def _replacement(text: str) -> Callable[[Match], str]:
    def of(match: Match) -> str:
        return _REFERENCE.sub(lambda found: _referred(found, match), text)

    return of


def _referred(found: re.Match[str], match: Match) -> str:
    if found[1]:
        return "$"
    if found[2]:
        return str(match[0])
    group: int | str = int(found[3]) if found[3] else found[4]
    if isinstance(group, str) and group.isdecimal():
        group = int(group)
    try:
        return match[group] or ""
    except IndexError:
        return found[0]
