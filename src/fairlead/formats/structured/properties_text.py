"""Java's properties: the value of each key that a variable is named after, and nothing else, is replaced.

The format: `java.util.Properties.load`
(https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/util/Properties.html#load(java.io.Reader)).
"""

from __future__ import annotations

import re

from fairlead.domain.template.variables import Variables
from fairlead.formats.encoded_text import decoded
from fairlead.formats.structured.result import Replaced, Unreadable

_ESCAPED = r"\\(?:(?:\r\n|\r|\n)[ \t\f]*|.|$)"
_LINE = re.compile(
    r"(?P<before>[ \t\f]*)"
    r"(?:(?P<comment>[#!][^\r\n]*)"
    rf"|(?P<key>(?:[^:= \t\f\\\r\n]|{_ESCAPED})*)"
    r"(?P<separator>[ \t\f]*(?:[:=][ \t\f]*)?)"
    rf"(?P<value>(?:[^\\\r\n]|{_ESCAPED})*))"
    r"(?P<end>\r\n|\r|\n|$)",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(?:\r\n|\r|\n)[ \t\f]*|(.)|$)", re.DOTALL)
_BAD_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\u(?![0-9a-fA-F]{4})")
_NAMED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
_WRITTEN = {"\\": "\\\\", "\r": "\\r", "\n": "\\n", "\t": "\\t"}


def replace_in_properties(content: bytes, variables: Variables) -> Replaced:
    """Raises `Unreadable` where an escape is not valid."""
    file = decoded(content)
    bad = _BAD_ESCAPE.search(file.text)
    if bad:
        line = file.text.count("\n", 0, bad.end()) + 1
        raise Unreadable(f"line {line}: \\u without four hexadecimal digits")
    made: list[str] = []
    found: list[str] = []
    at = 0
    while at < len(file.text):
        line_found = _LINE.match(file.text, at)
        assert line_found is not None  # it matches an empty line, too
        at = line_found.end()
        made.append(_line(line_found, variables, found))
    return Replaced("properties", file.with_text("".join(made)).content(), tuple(found))


def _line(line: re.Match[str], variables: Variables, found: list[str]) -> str:
    key = line["key"]
    if not key and not (line["separator"] or "").strip():
        return line.group()
    name = _read(key)
    # Here every name that begins so is Octopus's own, with a colon behind it or not.
    if name.lower().startswith("octopus"):
        return line.group()
    value = variables.get(name)
    if value is None:
        return line.group()
    found.append(name)
    return f"{line['before']}{key}{line['separator'] or ':'}{_written(value.text or '')}{line['end']}"


def _read(text: str) -> str:
    """What the escapes of a key say; a line continued gives nothing."""

    def said(escape: re.Match[str]) -> str:
        if escape[1]:
            return chr(int(escape[1], 16))
        return _NAMED.get(escape[2], escape[2]) if escape[2] else ""

    whole = _ESCAPE.sub(said, text)
    return whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # two escapes may be one character


def _written(value: str) -> str:
    """A value as a properties file of any encoding can hold it."""
    written = "".join(_WRITTEN.get(letter) or _plain(letter) for letter in value)
    return "\\" + written if written.startswith(" ") else written


def _plain(letter: str) -> str:
    """Itself where Latin-1 has it, else its UTF-16 units as escapes."""
    if ord(letter) < 0xFF:
        return letter
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))
