"""JSON with the place of every value in its text: comments, single quotes, bare names and a comma too many are read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from fairlead.formats.structured.result import Unreadable

Kind = Literal["object", "array", "number", "boolean", "other"]

DEPTH_LIMIT = 200
"""Values inside one another; what .NET's readers of configuration allow at most is 64."""

_SPACE = re.compile(r"(?:[\s\ufeff]+|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_$][\w$-]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'', re.DOTALL)
_PLAIN = re.compile(
    r"(?P<number>[+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))(?![\w.])"
    r"|(?P<boolean>true|false)\b"
    r"|(?P<other>null|undefined|NaN|-?Infinity)\b"
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(slots=True)
class JsonValue:
    """One value: from `start` to `end` of the text; what an object or array holds with its names or positions."""

    kind: Kind
    start: int
    end: int = 0
    held: list[tuple[str, JsonValue]] = field(default_factory=list)


def read_json(text: str) -> JsonValue:
    """Raises `Unreadable`, with line and column."""
    reader = _Reader(text)
    found = reader.value(0)
    reader.skip()
    if reader.at != len(text):
        raise reader.wrong("more text after the end of the value")
    return found


def paths(root: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    """Every value below the root by its path, ``:`` between its parts, in the order of the text."""
    waiting = [(name, value) for name, value in reversed(root.held)]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        waiting.extend((f"{path}:{name}", held) for name, held in reversed(value.held))


def unquoted(text: str) -> str:
    """What a string of JSON says."""

    def said(escape: re.Match[str]) -> str:
        return chr(int(escape[1], 16)) if escape[1] else _ESCAPES.get(escape[2], escape[2])

    whole = _ESCAPE.sub(said, text[1:-1])
    return whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def written(text: str, value: JsonValue, *, indent: str, before: str, line_end: str) -> str:
    """The value in strict JSON, each entry on a line of its own; `before` is the indentation of the line it begins."""
    own = text[value.start : value.end]
    if value.kind not in ("object", "array"):
        return json.dumps(unquoted(own), ensure_ascii=False) if own[0] in "\"'" else _plain(own)
    opening, closing = "{}" if value.kind == "object" else "[]"
    if not value.held:
        return opening + closing
    inner = before + indent
    entries = (
        (f"{json.dumps(name, ensure_ascii=False)}: " if value.kind == "object" else "")
        + written(text, held, indent=indent, before=inner, line_end=line_end)
        for name, held in value.held
    )
    joined = f",{line_end}{inner}".join(entries)
    return f"{opening}{line_end}{inner}{joined}{line_end}{before}{closing}"


def _plain(own: str) -> str:
    if own == "undefined":
        return "null"
    if own.lstrip("+-")[:2] in ("0x", "0X"):
        return str(int(own, 16))
    if own in ("NaN", "Infinity", "-Infinity"):
        return f'"{own}"'
    return own.removeprefix("+") if own[-1] != "." else own.removeprefix("+") + "0"


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def value(self, depth: int) -> JsonValue:
        self.skip()
        if depth > DEPTH_LIMIT:
            raise self.wrong(f"values more than {DEPTH_LIMIT} deep")
        start = self.at
        match self.text[start : start + 1]:
            case "{":
                found = self.held(JsonValue("object", start), "}", depth)
            case "[":
                found = self.held(JsonValue("array", start), "]", depth)
            case '"' | "'":
                self.string()
                found = JsonValue("other", start)
            case _:
                found = JsonValue(self.plain(), start)
        found.end = self.at
        return found

    def held(self, into: JsonValue, closing: str, depth: int) -> JsonValue:
        self.at += 1
        while True:
            self.skip()
            if self.text.startswith(closing, self.at):
                self.at += 1
                return into
            name = self.name() if closing == "}" else str(len(into.held))
            into.held.append((name, self.value(depth + 1)))
            self.skip()
            if self.text.startswith(",", self.at):
                self.at += 1
            elif not self.text.startswith(closing, self.at):
                raise self.wrong(f"a comma or {closing} was expected")

    def name(self) -> str:
        if self.text.startswith(('"', "'"), self.at):
            name = unquoted(self.string())
        else:
            name = self.take(_NAME, "a name was expected").group()
        self.skip()
        if not self.text.startswith(":", self.at):
            raise self.wrong("a colon was expected after the name")
        self.at += 1
        return name

    def string(self) -> str:
        return self.take(_STRING, "the string does not end").group()

    def plain(self) -> Kind:
        found = self.take(_PLAIN, "a value was expected")
        return "number" if found["number"] else "boolean" if found["boolean"] else "other"

    def skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        assert found is not None  # it matches nothing, too
        self.at = found.end()

    def take(self, pattern: re.Pattern[str], expected: str) -> re.Match[str]:
        found = pattern.match(self.text, self.at)
        if not found:
            raise self.wrong(expected)
        self.at = found.end()
        return found

    def wrong(self, expected: str) -> Unreadable:
        before = self.text[: self.at]
        line = before.count("\n") + 1
        return Unreadable(f"line {line}, column {self.at - before.rfind(chr(10))}: {expected}")
