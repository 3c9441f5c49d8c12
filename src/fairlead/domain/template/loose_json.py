"""JSON as people write it into variables: names without quotes, single quotes, comments, a comma too many.

Octopus reads values with a reader that takes all these; strict JSON is read by the standard library first.
"""

from __future__ import annotations

import json
import re
from typing import TypeAlias

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"

NESTING_LIMIT = 64

_SPACE = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_$][\w$-]*")
_NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]{1,16}(?![0-9a-fA-F])|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
_WORDS: dict[str, Json] = {"true": True, "false": False, "null": None, "undefined": None}
_NO_NUMBERS = ("NaN", "Infinity", "-Infinity")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


class NotJson(Exception):
    """Not an object, array or simple value, even read loosely."""


def parse(text: str) -> Json:
    """The value; `NotJson` where it is none."""
    try:
        strict: Json = json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return _Loose(text).whole()
    return strict


def _number(text: str) -> int | float:
    """Behind a nought that is not the whole part, the digits are octal."""
    try:
        if "x" in text.lower():
            return int(text, 16)
        if set(text) & set(".eE"):
            return float(text)
        return int(text, 8 if text.startswith("0") else 10)
    except ValueError as failed:
        raise NotJson(text[:20]) from failed


class _Loose:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0

    def whole(self) -> Json:
        found = self.value()
        self._space()
        if self.at != len(self.text):
            raise NotJson(self.text[self.at : self.at + 20])
        return found

    def value(self) -> Json:
        self._space()
        self.depth += 1
        if self.depth > NESTING_LIMIT:
            raise NotJson("too deep")
        try:
            match self._next():
                case "{":
                    return self.object()
                case "[":
                    return self.array()
                case "'" | '"':
                    return self.string()
                case _:
                    return self.plain()
        finally:
            self.depth -= 1

    def object(self) -> dict[str, Json]:
        found: dict[str, Json] = {}
        self._take("{")
        while not self._ends_with("}"):
            name = self.string() if self._next() in "'\"" else self._matched(_NAME)
            self._space()
            self._take(":")
            found[name] = self.value()
            self._comma_or("}")
        return found

    def array(self) -> list[Json]:
        found: list[Json] = []
        self._take("[")
        while not self._ends_with("]"):
            found.append(self.value())
            self._comma_or("]")
        return found

    def string(self) -> str:
        quote = self._next()
        self.at += 1
        pieces: list[str] = []
        while (found := self._next()) != quote:
            self.at += 1
            pieces.append(self._escaped() if found == "\\" else found)
        self.at += 1
        return "".join(pieces)

    def plain(self) -> Json:
        for word, value in _WORDS.items():
            if self.text.startswith(word, self.at) and not self.text[self.at + len(word) :][:1].isalnum():
                self.at += len(word)
                return value
        for name in _NO_NUMBERS:
            if self.text.startswith(name, self.at):
                self.at += len(name)
                return name
        return _number(self._matched(_NUMBER))

    def _escaped(self) -> str:
        found = self._next()
        self.at += 1
        if found == "u":
            digits = self.text[self.at : self.at + 4]
            self.at += 4
            try:
                return chr(int(digits, 16))
            except ValueError as failed:
                raise NotJson(digits) from failed
        return _ESCAPES.get(found, found)

    def _next(self) -> str:
        if self.at >= len(self.text):
            raise NotJson("it ends too early")
        return self.text[self.at]

    def _take(self, wanted: str) -> None:
        if self._next() != wanted:
            raise NotJson(self.text[self.at : self.at + 20])
        self.at += 1

    def _matched(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if not found:
            raise NotJson(self.text[self.at : self.at + 20])
        self.at = found.end()
        return found.group()

    def _ends_with(self, closing: str) -> bool:
        self._space()
        if self._next() != closing:
            return False
        self.at += 1
        return True

    def _comma_or(self, closing: str) -> None:
        self._space()
        if self._next() == ",":
            self.at += 1
        elif self._next() != closing:
            raise NotJson(self.text[self.at : self.at + 20])

    def _space(self) -> None:
        found = _SPACE.match(self.text, self.at)
        assert found is not None  # it matches nothing, too
        self.at = found.end()
