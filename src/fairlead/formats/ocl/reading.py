"""Reads OCL, with line and column of everything and of every error.

The language is described at https://github.com/OctopusDeploy/Ocl#syntax; dictionaries, booleans, null, escapes and
functions are in Octopus's reader only. Comments (``#``, ``//``, ``/* */``) are HCL's, and taken, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NoReturn, TypeVar

from fairlead.domain.errors import Problem, ProjectFileInvalid
from fairlead.formats.ocl.tree import Attribute, Block, Call, Entries, Place, Value

DEPTH_LIMIT = 50
SIZE_LIMIT = 4_194_304

_SPACE = re.compile(r"(?:[ \t\r\n\f]+|#[^\n]*|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_SAME_LINE = re.compile(r"(?:[ \t\r]+|/\*[^\n]*?\*/)*")
_LINE_END = re.compile(r"[ \t\r]*(?:(?:#|//)[^\n]*)?(?:\n|$)")
_NAME = re.compile(r"\w+")
_KEY = re.compile(r"[^\s\"=\[\]{}<>#]+")
_STRING = re.compile(r'"((?:[^"\\\n\r]|\\.)*)"')
_HEREDOC = re.compile(r"<<(-?)(\S+)[ \t]*\r?\n")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(?![\w.])")
_WORD = re.compile(r"(?:true|false|null)\b")
_CALL = re.compile(r"([A-Za-z_]\w*)\(")
_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None}
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"'}

T = TypeVar("T")


def read_ocl(name: str, text: str) -> Block:
    """The document as one block. `ProjectFileInvalid` naming the place where it cannot be read."""
    return _Reader(name, text.removeprefix("\ufeff")).document()


class _Reader:
    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.at = 0
        self.depth = 0
        self.lines = [0, *(found.end() for found in re.finditer("\n", text))]

    def document(self) -> Block:
        if len(self.text) > SIZE_LIMIT:
            self.wrong(f"{len(self.text)} characters", f"at most {SIZE_LIMIT}")
        body: list[Attribute | Block] = []
        self.skip(_SPACE)
        while self.at < len(self.text):
            body.append(self.element())
            self.skip(_SPACE)
        return Block("", (), tuple(body))

    def element(self) -> Attribute | Block:
        place = self.place
        name = self.take(_NAME, "the name of an attribute or a block").group()
        self.skip(_SAME_LINE)
        if self.text.startswith("=", self.at):
            self.at += 1
            return Attribute(name, self.ended(self.value), place)
        labels: list[str] = []
        while self.text.startswith('"', self.at):
            labels.append(self.string())
            self.skip(_SAME_LINE)
        if not self.text.startswith("{", self.at):
            self.wrong(self.found, f"'=', a label or '{{' after {name}")
        return Block(name, tuple(labels), self.ended(self.body), place)

    def body(self) -> tuple[Attribute | Block, ...]:
        return self.within("{", "}", self.element)

    def within(self, opening: str, closing: str, read: Callable[[], T], separator: str = "") -> tuple[T, ...]:
        """What stands between two marks."""
        began = self.place
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            self.wrong(f"nesting over {DEPTH_LIMIT} deep", "a flatter document")
        self.at += len(opening)
        found: list[T] = []
        self.skip(_SPACE)
        while not self.text.startswith(closing, self.at):
            if self.at >= len(self.text):
                self.wrong("the end of the file", f"'{closing}' for the '{opening}' in line {began.line}")
            if found and separator:
                self.mark(separator)
                if self.text.startswith(closing, self.at):
                    break
            found.append(read())
            self.skip(_SPACE)
        self.at += len(closing)
        self.depth -= 1
        return tuple(found)

    def mark(self, wanted: str) -> None:
        if not self.text.startswith(wanted, self.at):
            self.wrong(self.found, f"'{wanted}'")
        self.at += len(wanted)
        self.skip(_SPACE)

    def value(self) -> Value:
        self.skip(_SAME_LINE)
        match self.text[self.at : self.at + 1]:
            case '"':
                return self.string()
            case "[":
                return self.within("[", "]", self.value_anywhere, ",")
            case "{":
                return Entries(self.within("{", "}", self.entry))
            case "<":
                return self.heredoc()
            case _:
                return self.plain()

    def value_anywhere(self) -> Value:
        self.skip(_SPACE)
        return self.value()

    def entry(self) -> Attribute:
        place = self.place
        name = self.string() if self.text.startswith('"', self.at) else self.take(_KEY, "a key").group()
        self.skip(_SAME_LINE)
        if not self.text.startswith("=", self.at):
            self.wrong(self.found, f"'=' after {name}")
        self.at += 1
        return Attribute(name, self.value(), place)

    def plain(self) -> Value:
        if word := _WORD.match(self.text, self.at):
            self.at = word.end()
            return _WORDS[word.group()]
        if number := _NUMBER.match(self.text, self.at):
            self.at = number.end()
            return float(number.group()) if number[1] else int(number.group())
        if call := _CALL.match(self.text, self.at):
            self.at = call.end() - 1
            return Call(call[1], self.within("(", ")", self.value_anywhere, ","))
        self.wrong(self.found, "a value: text in quotes, <<-EOT, a number, true, false, null, [ ] or { }")

    def string(self) -> str:
        inside = self.take(_STRING, "text that ends with '\"' in its line")
        for escape in _ESCAPE.finditer(inside[1]):
            if escape[1] not in _ESCAPES:
                self.at = inside.start() + 1 + escape.start()
                self.wrong(escape.group(), r"one of \n \r \t \\ \"")
        return _ESCAPE.sub(lambda escape: _ESCAPES[escape[1]], inside[1])

    def heredoc(self) -> str:
        began = self.place
        start = self.take(_HEREDOC, "<< or <<- and a word, alone in the rest of the line")
        end = re.compile(rf"^[ \t]*{re.escape(start[2])}[ \t\r]*$", re.MULTILINE).search(self.text, self.at)
        if not end:
            self.at = len(self.text)
            self.wrong("the end of the file", f"{start[2]} alone in a line, for the text of line {began.line}")
        lines = self.text[self.at : end.start()].split("\n")[:-1]
        self.at = end.end()
        line_end = "\r\n" if any(line.endswith("\r") for line in lines[:-1]) else "\n"
        lines = [line.rstrip("\r") for line in lines]
        return line_end.join(_unindented(lines) if start[1] else lines)

    def ended(self, read: Callable[[], T]) -> T:
        """What is read, if its line ends with it (or the block that it is in)."""
        found = read()
        if not _LINE_END.match(self.text, self.at):
            self.skip(_SAME_LINE)
            if not self.text.startswith("}", self.at):
                self.wrong(self.found, "the end of the line")
        return found

    @property
    def place(self) -> Place:
        """Where reading is now."""
        low, high = 0, len(self.lines)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.lines[middle] <= self.at else (low, middle)
        return Place(low + 1, self.at - self.lines[low] + 1)

    @property
    def found(self) -> str:
        """What stands there, for an error."""
        rest = self.text[self.at : self.at + 20].split("\n")[0].strip()
        return repr(rest) if rest else ("the end of the line" if self.at < len(self.text) else "the end of the file")

    def take(self, pattern: re.Pattern[str], expected: str) -> re.Match[str]:
        found = pattern.match(self.text, self.at)
        if not found:
            self.wrong(self.found, expected)
        self.at = found.end()
        return found

    def skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        assert found is not None  # it matches nothing, too
        self.at = found.end()

    def wrong(self, found: str, expected: str) -> NoReturn:
        place = self.place
        raise ProjectFileInvalid((Problem(self.name, place.line, place.column, "", found, expected),))


def _unindented(lines: list[str]) -> list[str]:
    """Without the spaces that all lines have that are not only spaces."""
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    by = min(indents, default=0)
    return [line[by:] for line in lines]
