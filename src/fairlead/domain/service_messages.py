"""Service messages: what a script tells us between the lines of its output, in Octopus's words.

    ##octopus[setVariable name='VmVyc2lvbg==' value='MS40LjA=']

Values are base64 of UTF-8, in quotes of either kind. A message may be cut anywhere by the pieces in which output
arrives, and may span lines: line breaks inside it are nothing. What is written so but cannot be read is no message and
stays text. (Read in Calamari, source/Calamari.Common/Plumbing/ServiceMessages/ServiceMessageParser.cs.)
"""

from __future__ import annotations

import base64
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from xml.etree import ElementTree

MARK = "##octopus"
MESSAGE_LIMIT = 4 * 1024 * 1024
"""Characters that a message may have until its bracket closes; what is longer is text. An output variable of the
largest size fits many times over."""

NOTHING_IN_BASE64 = str.maketrans("", "", " \t\r\n")
"""What may stand between the characters of base64, as .NET has it; any other space is a mistake."""


@dataclass(frozen=True, slots=True)
class ServiceMessage:
    """A name and what it says. Names of properties are known without regard to case."""

    name: str
    properties: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str, default: str = "") -> str:
        """The property of that name, in any case; `default` where it is not there."""
        wanted = name.lower()
        return next((value for key, value in self.properties.items() if key.lower() == wanted), default)


Piece: TypeAlias = str | ServiceMessage
"""Ordinary text, or a message that stood in it."""


class ServiceMessageParser:
    """Reads one stream, piece by piece, and gives back text and messages in the order in which they stood."""

    def __init__(self) -> None:
        self._possible = ""
        self._message: list[str] | None = None
        self._length = 0

    def feed(self, text: str) -> Iterator[Piece]:
        """What this piece of the stream completes. Ordinary text comes at once, but for what may begin a message."""
        at = 0
        while at < len(text):
            if self._message is not None:
                at = yield from self._inside(text, at)
            elif self._possible:
                at = yield from self._beginning(text, at)
            else:
                found = text.find("#", at)
                end = len(text) if found < 0 else found
                if end > at:
                    yield text[at:end]
                if found >= 0:
                    self._possible = "#"
                at = end + 1

    def close(self) -> Iterator[Piece]:
        """The stream has ended: what was begun and never finished is text."""
        if self._message is not None:
            yield self._unread()
        if self._possible:
            yield self._possible
            self._possible = ""

    def _beginning(self, text: str, at: int) -> Generator[Piece, None, int]:
        seen = self._possible + text[at]
        self._possible = ""
        if seen == MARK:
            self._message, self._length = [], 0
        elif MARK.startswith(seen):
            self._possible = seen
        else:
            yield seen
        return at + 1

    def _inside(self, text: str, at: int) -> Generator[Piece, None, int]:
        assert self._message is not None
        found = text.find("]", at)
        end = len(text) if found < 0 else found
        self._message.append(text[at:end])
        self._length += end - at
        if found >= 0:
            body = "".join(self._message)
            self._message = None
            yield read_message(body) or f"{MARK}{body}]"
        elif self._length > MESSAGE_LIMIT:
            yield self._unread()
        return end + 1

    def _unread(self) -> str:
        assert self._message is not None
        text, self._message = MARK + "".join(self._message), None
        return text


def read_message(body: str) -> ServiceMessage | None:
    """What stands between ``##octopus`` and the closing bracket; None where it is no message."""
    words = body.strip().lstrip("[").replace("\r", "").replace("\n", "")
    try:
        element = ElementTree.fromstring(f"<{words}/>")
        properties = {_local(name): _decoded(value) for name, value in element.attrib.items()}
    except (ElementTree.ParseError, ValueError):
        return None
    if len({name.lower() for name in properties}) < len(element.attrib):
        return None
    return ServiceMessage(_local(element.tag), properties)


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _decoded(value: str) -> str:
    """`ValueError` where it is no base64; bytes that are no UTF-8 are replaced."""
    return base64.b64decode(value.translate(NOTHING_IN_BASE64), validate=True).decode("utf-8", errors="replace")
