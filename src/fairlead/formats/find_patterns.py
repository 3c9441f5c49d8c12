"""Patterns as words of find(1), for what is not to be looked at where it lies.

Only what every find reads alike: whole paths by ``-regex``, in which no operator but ``.``, ``*`` and a set is used;
letters that some take for one stand in sets (GNU findutils manual, 8.5 Regular Expressions; POSIX 9.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from fairlead.domain.errors import Invalid
from fairlead.formats.globs import alternatives

MOST = 500
"""Expressions: more would not fit into a command."""

_PART = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)
_WHOLE = {"**": ".*", "*": "[^/]*", "?": "[^/]"}


def without(patterns: Iterable[str]) -> tuple[str, ...]:
    """The words that leave out what the patterns mean, and what is below it, of paths that begin with ``./``; none
    where there are no patterns. Invalid `input.too_large` where they mean too many things."""
    found = dict.fromkeys(one for pattern in patterns for one in _expressions(pattern))
    if len(found) > MOST:
        raise Invalid("input.too_large", f"the patterns have more than {MOST} alternatives")
    words = [word for one in found for word in ("-o", "-regex", one)][1:]
    return ("!", "(", *words, ")") if words else ()


def _expressions(pattern: str) -> Iterable[str]:
    plain = re.sub(r"^(?:\./|/)+", "", pattern.replace("\\", "/").strip()).rstrip("/")
    for alternative in alternatives(plain) if plain else ():
        for made in _translated(alternative):
            yield f"[.]/{made}"
            yield f"[.]/{made}/.*"


def _translated(pattern: str) -> tuple[str, ...]:
    """Once for each choice of its ``**/``: no folder, or some."""
    made = [""]
    for part in (found.group() for found in _PART.finditer(pattern)):
        ways = ("", ".*/") if part == "**/" else (_part(part),)
        made = [before + way for before in made for way in ways][: MOST + 1]
    return tuple(made)


def _part(part: str) -> str:
    if part in _WHOLE:
        return _WHOLE[part]
    if len(part) > 1:
        return f"[^{part[2:]}" if part.startswith("[!") else part
    if part == "^":
        return "\\^"
    return part if part.isalnum() or part in "/_- " or ord(part) > 127 else f"[{part}]"
