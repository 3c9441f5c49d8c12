"""Lengths of time as people write them in whole units: `90 minutes`, `2 days`; short ones as `90m`, `2d`."""

from __future__ import annotations

import re

_UNITS = {"day": 86_400, "hour": 3600, "minute": 60, "second": 1}
_SHORT = {unit[0]: size for unit, size in _UNITS.items()}
WORDS = re.compile(r"([0-9]{1,8}) (day|hour|minute|second)s?", re.IGNORECASE)
SHORT = re.compile(r"([0-9]{1,8})([dhms])")


def written(seconds: int) -> str:
    """In the largest unit that tells all of it."""
    unit, size = next((unit, size) for unit, size in _UNITS.items() if seconds % size == 0)
    count = seconds // size
    return f"{count} {unit}{'' if count == 1 else 's'}"


def read(text: str) -> int | None:
    """The seconds of `2 days` or `2d`; None where it is neither."""
    if words := WORDS.fullmatch(text):
        return int(words[1]) * _UNITS[words[2].lower()]
    short = SHORT.fullmatch(text)
    return int(short[1]) * _SHORT[short[2]] if short else None
