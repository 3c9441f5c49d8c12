"""Regular expressions as people of .NET write them, in those of Python: the subset that both have."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

_NAMED_GROUP = re.compile(r"\(\?<(?=[A-Za-z_])|\(\?'([A-Za-z_]\w*)'")
_NAMED_BACKREFERENCE = re.compile(r"\\k<([A-Za-z_]\w*)>")
_REFERENCE = re.compile(r"\$(?:(\$)|(&)|(\d+)|\{(\w+)\})")


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str] | None:
    """The expression; None where it is none."""
    named = _NAMED_GROUP.sub(lambda found: f"(?P<{found[1]}>" if found[1] else "(?P<", pattern)
    try:
        return re.compile(_NAMED_BACKREFERENCE.sub(r"(?P=\1)", named))
    except (re.error, RecursionError, OverflowError):
        return None


def replacement(text: str) -> Callable[[re.Match[str]], str]:
    """What takes a match's place: ``$1``, ``${name}``, ``$&`` and ``$$`` are read, all else stands as it is."""

    def of(match: re.Match[str]) -> str:
        return _REFERENCE.sub(lambda found: _referred(found, match), text)

    return of


def _referred(found: re.Match[str], match: re.Match[str]) -> str:
    if found[1]:
        return "$"
    if found[2]:
        return match[0]
    group: int | str = int(found[3]) if found[3] else found[4]
    if isinstance(group, str) and group.isdecimal():
        group = int(group)
    try:
        return match[group] or ""
    except IndexError:
        return found[0]
