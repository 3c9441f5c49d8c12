"""Which files a pattern means: ``**/appsettings.*.json``, ``config/{web,app}.config``, ``log[0-9].xml``.

``*`` and ``?`` stay within a folder, ``**`` goes through any number of them (as Octopus's own patterns, and those of
POSIX shells, https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_14). Letters in brackets
stand for themselves, too, as with Octopus: ``[hi].txt`` may be the name of a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

ALTERNATIVES_LIMIT = 1000

_PART = re.compile(r"\*\*/|\*\*|\*|\?|\[(!?)((?:\]|[^\]/])[^\]/]*)\]|.", re.DOTALL)
_BRACES = re.compile(r"\{([^{},]*,[^{}]*)\}")  # without a comma they are letters like others


def matching(pattern: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of the paths (relative, ``/`` between parts) that the pattern means, in their order."""
    expression = _expression(pattern.replace("\\", "/").strip())
    return tuple(path for path in paths if expression.fullmatch(path))


def alternatives(pattern: str) -> tuple[str, ...]:
    """The pattern once for each choice of its braces, the innermost first."""
    waiting = [pattern]
    done: list[str] = []
    while waiting and len(waiting) + len(done) <= ALTERNATIVES_LIMIT:
        one = waiting.pop()
        braces = _BRACES.search(one)
        if braces is None:
            done.append(one)
        else:
            waiting.extend(one[: braces.start()] + choice + one[braces.end() :] for choice in braces[1].split(","))
    return tuple(done)


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    plain = re.sub(r"^(?:\./)+", "", pattern)
    return re.compile("|".join(_translated(one) for one in alternatives(plain)), re.DOTALL)


def _translated(pattern: str) -> str:
    return "".join(_part(part) for part in _PART.finditer(pattern))


def _part(part: re.Match[str]) -> str:
    match part.group():
        case "**/":
            return "(?:[^/]+/)*"
        case "**":
            return ".*"
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
        case letter if part[2] is None:
            return re.escape(letter)
        case _:
            within = f"(?!/)[{'^' if part[1] else ''}{_inside(part[2])}]"
            return within if "-" in letter or part[1] else f"(?:{within}|{re.escape(letter)})"


def _inside(letters: str) -> str:
    """The letters of a set; a range that runs backwards is three letters."""
    return re.sub(r"(.)-(.)|(.)", _range, letters, flags=re.DOTALL)


def _range(found: re.Match[str]) -> str:
    first, last = found[1], found[2]
    if first and first <= last:
        return f"{re.escape(first)}-{re.escape(last)}"
    return "".join(f"\\{letter}" if not letter.isalnum() else letter for letter in found.group())
