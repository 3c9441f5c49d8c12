"""What a script wrote, told apart: lines with their levels, and messages, in the order in which they came.

Both streams arrive as one; each line of the error stream begins with `ERROR_MARK`, which what starts the script puts
there. Lines of the error stream are errors, others are news, until a message of the script says otherwise
(``stdout-…``, ``stderr-…``; docs.octopus.com, logging-messages-in-scripts).
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fairlead.domain.service_messages import ServiceMessage, ServiceMessageParser

ERROR_MARK = "\x1eE"
LONGEST_LINE = 64 * 1024
"""Characters that are waited for until a line ends; the log cuts what it keeps."""

ScriptLevel: TypeAlias = Literal["debug", "info", "highlight", "wait", "warning", "error"]

LEVELS: Mapping[str, ScriptLevel | None] = {
    "verbose": "debug",
    "default": "info",
    "highlight": "highlight",
    "wait": "wait",
    "warning": "warning",
    "error": "error",
    "progress": "debug",
    "ignore": None,
}
"""By what stands behind ``stdout-`` and ``stderr-``; None: not told at all."""

OUT, ERROR = "stdout", "stderr"
DEFAULTS: Mapping[str, ScriptLevel] = {OUT: "info", ERROR: "error"}


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """A line to be told. `is_error` says from which stream."""

    text: str
    level: ScriptLevel
    is_error: bool = False


Told: TypeAlias = ScriptLine | ServiceMessage


class _Stream:
    """One of the two streams: its parser, and the line that is not ended yet. `levels` are those of both: a script
    switches the error stream by what it prints on the other one."""

    def __init__(self, name: str, levels: dict[str, ScriptLevel | None]) -> None:
        self.name = name
        self._levels = levels
        self._parser = ServiceMessageParser()
        self._line = ""
        self._had_message = False

    def feed(self, text: str) -> Iterator[Told]:
        yield from self._pieces(self._parser.feed(text))

    def close(self) -> Iterator[Told]:
        yield from self._pieces(self._parser.close())
        yield from self._end_line()

    def _pieces(self, pieces: Iterator[str | ServiceMessage]) -> Iterator[Told]:
        for piece in pieces:
            if isinstance(piece, str):
                yield from self._text(piece)
            else:
                yield from self._end_line()
                self._had_message = True
                if not self._switches(piece.name):
                    yield piece

    def _text(self, text: str) -> Iterator[Told]:
        *whole, rest = text.split("\n")
        for line in whole:
            self._line += line
            if self._line.strip("\r") or not self._had_message:
                yield from self._tell()
            self._line, self._had_message = "", False
        self._line += rest
        if len(self._line) > LONGEST_LINE:
            yield from self._end_line()

    def _end_line(self) -> Iterator[Told]:
        if self._line.strip():
            yield from self._tell()
        self._line = ""

    def _tell(self) -> Iterator[ScriptLine]:
        level = self._levels[self.name]
        if level is not None:
            yield ScriptLine(self._line.removesuffix("\r"), level, self.name == ERROR)

    def _switches(self, message: str) -> bool:
        stream, _, level = message.partition("-")
        if stream not in DEFAULTS or level not in LEVELS:
            return False
        self._levels[stream] = DEFAULTS[stream] if level == "default" else LEVELS[level]
        return True


class ScriptOutput:
    """Reads the bytes of a run as they come; UTF-8, what is none is replaced."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        levels: dict[str, ScriptLevel | None] = dict(DEFAULTS)
        self._streams = {name: _Stream(name, levels) for name in (OUT, ERROR)}
        self._rest = ""
        self._in_error = False

    def feed(self, content: bytes) -> Iterator[Told]:
        """What these bytes complete."""
        yield from self._split(self._rest + self._decoder.decode(content))

    def close(self) -> Iterator[Told]:
        """The run has ended: what is left is told."""
        text, self._rest = self._rest + self._decoder.decode(b"", final=True), ""
        yield from self._stream().feed(text)
        for stream in self._streams.values():
            yield from stream.close()

    def _split(self, text: str) -> Iterator[Told]:
        self._rest = ""
        while text:
            end = "\n" if self._in_error else ERROR_MARK
            found = text.find(end)
            if found < 0:
                keeps = len(text) - (not self._in_error and text.endswith(ERROR_MARK[0]))
                yield from self._stream().feed(text[:keeps])
                self._rest = text[keeps:]
                return
            upto = found + (1 if self._in_error else 0)
            yield from self._stream().feed(text[:upto])
            text = text[found + len(end) :]
            self._in_error = not self._in_error

    def _stream(self) -> _Stream:
        return self._streams[ERROR if self._in_error else OUT]
