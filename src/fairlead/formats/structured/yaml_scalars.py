"""How a simple value of YAML may be written, and its text in each of the five styles.

The rules are those of YAML 1.2 (https://yaml.org/spec/1.2.2/#chapter-7-flow-style-productions), with YamlDotNet's
choices where the specification leaves one, so that a file looks as Octopus would have written it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

BREAKS = frozenset("\r\n\x85\u2028\u2029")
_ODD_BREAKS = re.compile("\r(?!\n)|[\x85\u2028\u2029]")  # readers do not agree about them: written as escapes
_SPACES = frozenset(" \t")
_FIRST = frozenset("#,[]{}&*!|>\"%@`'")
_ESCAPES = {
    "\0": "0",
    "\a": "a",
    "\b": "b",
    "\t": "t",
    "\n": "n",
    "\v": "v",
    "\f": "f",
    "\r": "r",
    "\x1b": "e",
    '"': '"',
    "\\": "\\",
    "\x85": "N",
    "\xa0": "_",
    "\u2028": "L",
    "\u2029": "P",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value allows."""

    is_multiline: bool = False
    allows_flow_plain: bool = True
    allows_block_plain: bool = True
    allows_single_quotes: bool = True
    allows_block: bool = True
    has_single_quotes: bool = False


def shape_of(value: str, holds: Callable[[str], bool]) -> Shape:
    """What the value allows; `holds` tells whether the file's encoding has its characters."""
    if not value:
        return Shape(allows_flow_plain=False, allows_block_plain=False, allows_block=False)
    first, last = value[0], value[-1]
    is_multiline = any(letter in BREAKS for letter in value)
    is_special = bool(_ODD_BREAKS.search(value)) or not holds(value) or not all(map(is_printable, value))
    spaced = _spaced_breaks(value)
    in_flow, in_block = _indicators(value)
    is_plain = not (
        first in " '\t"
        or last in " \t"
        or first in BREAKS
        or "\t" in value  # many readers take it for the end
        or is_multiline
        or is_special
        or spaced.before
        or spaced.after
    )
    return Shape(
        is_multiline=is_multiline,
        allows_flow_plain=is_plain and not in_flow,
        allows_block_plain=is_plain and not in_block,
        allows_single_quotes=not (is_special or spaced.before or spaced.after),
        allows_block=last != " " and not (spaced.lines or is_special or all(letter in BREAKS for letter in value)),
        has_single_quotes="'" in value,
    )


@dataclass(frozen=True, slots=True)
class _Spaced:
    """Spaces or tabs beside line ends: one before it, one after it, a whole line of spaces."""

    before: bool
    after: bool
    lines: bool


def _spaced_breaks(value: str) -> _Spaced:
    before = after = lines = False
    line_of_spaces = False
    previous = ""
    for letter in value:
        if letter in _SPACES:
            if previous in BREAKS:
                after, line_of_spaces = True, letter == " "
        elif letter in BREAKS:
            before = before or previous in _SPACES
            lines = lines or line_of_spaces
        else:
            line_of_spaces = False
        previous = letter
    return _Spaced(before, after, lines)


def _indicators(value: str) -> tuple[bool, bool]:
    """Whether something in it would be read as a mark of YAML within [ ] and { }, and outside."""
    in_block = value.startswith(("---", "...")) or value[0] in _FIRST
    in_flow = in_block or value[0] in "?:"
    after_space = True
    for at, letter in enumerate(value):
        before_space = at + 1 == len(value) or value[at + 1] in _SPACES or value[at + 1] in BREAKS
        if letter == ":" or (at == 0 and letter in "?-"):
            in_block = in_block or before_space
            in_flow = in_flow or letter == ":" or before_space
        elif at and letter in ",?[]{}":
            in_flow = True
        elif letter == "#" and after_space:
            in_flow = in_block = True
        after_space = letter in _SPACES or letter in BREAKS
    return in_flow or in_block, in_block


def is_printable(letter: str) -> bool:
    """Whether it may stand in a file as itself (those beyond the first plane are escaped, as YamlDotNet does)."""
    code = ord(letter)
    return (
        letter in "\t\n\r\x85"
        or 0x20 <= code <= 0x7E
        or 0xA0 <= code <= 0xD7FF
        or (0xE000 <= code <= 0xFFFD and code != 0xFEFF)
    )


def escaped(value: str) -> str:
    """Between double quotes."""
    return "".join(_escaped(letter) for letter in value)


def _escaped(letter: str) -> str:
    if letter in _ESCAPES and letter not in "\xa0":
        return "\\" + _ESCAPES[letter]
    if is_printable(letter):
        return letter
    code = ord(letter)
    return f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def hints(value: str, indent: int) -> str:
    """What stands behind ``|`` or ``>``."""
    stated = str(indent) if value and (value[0] == " " or value[0] in BREAKS) else ""
    if not value or value[-1] not in BREAKS:
        return stated + "-"
    return stated + ("+" if len(value) >= 2 and value[-2] in BREAKS else "")
