"""What containers and commands write: the engine's multiplexed stream, taken apart into lines."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from datetime import datetime
from typing import Literal

from fairlead.adapters.engines.docker.client import EngineClient, part
from fairlead.adapters.engines.docker.errors import EngineSaidNo, told
from fairlead.domain.errors import Failed
from fairlead.ports.container_engine import OutputLine

LINE_BYTES = 8 * 1024
FRAME_BYTES = 16 * 1024 * 1024
HEADER = 8
PIECE_BYTES = 16 * 1024
"""The engine keeps a longer line in pieces of this size, each with its own time; only the last ends with a newline."""

Stream = Literal["stdout", "stderr"]
_TIME = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) ")
_SINCE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


async def output(
    client: EngineClient, name: str, *, is_terminal: bool, follow: bool, tail: int, since: str
) -> AsyncGenerator[OutputLine, None]:
    """The lines of a container, in the order in which the engine kept them."""
    params: dict[str, object] = {
        "stdout": True,
        "stderr": True,
        "timestamps": True,
        "follow": follow,
        "tail": str(tail) if tail > 0 else "all",
    }
    if since:
        params["since"] = unix_time(since)
    lines = Lines()
    try:
        async with client.stream("GET", f"/containers/{part(name)}/logs", params=params, thing=name) as response:
            chunks = response.content.iter_any()
            pieces = _raw(chunks) if is_terminal else frames(chunks)
            async with aclosing(pieces):
                async for stream, piece in pieces:
                    if (line := lines.add(stream, piece)) is not None:
                        yield line
    except EngineSaidNo as refusal:
        raise told(refusal, "reading the output of") from refusal
    for line in lines.rest():
        yield line


async def frames(chunks: AsyncIterator[bytes]) -> AsyncGenerator[tuple[Stream, bytes], None]:
    """The payloads of a multiplexed stream: a header of 8 bytes (stream, three zeros, length) before each."""
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        while len(held) >= HEADER:
            size = int.from_bytes(held[4:HEADER], "big")
            if held[0] > 2 or size > FRAME_BYTES:
                raise Failed("engine.failed", "the engine's output stream cannot be read")
            if len(held) < HEADER + size:
                break
            yield "stderr" if held[0] == 2 else "stdout", bytes(held[HEADER : HEADER + size])
            del held[: HEADER + size]


async def _raw(chunks: AsyncIterator[bytes]) -> AsyncGenerator[tuple[Stream, bytes], None]:
    """A terminal's stream has no frames: cut at line ends, and where a line is too long."""
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        while (end := held.find(b"\n")) >= 0:
            yield "stdout", bytes(held[: end + 1])
            del held[: end + 1]
        if len(held) > FRAME_BYTES:
            raise Failed("engine.failed", "the engine's output stream cannot be read")
    if held:
        yield "stdout", bytes(held)


class Lines:
    """Puts the pieces of long lines together, to at most `LINE_BYTES`, for each stream apart."""

    def __init__(self) -> None:
        self._begun: dict[Stream, tuple[str, bytearray]] = {}

    def add(self, stream: Stream, piece: bytes) -> OutputLine | None:
        """The line that this piece ends, if it ends one."""
        at, text = _split_time(piece)
        first_at, begun = self._begun.get(stream, (at, bytearray()))
        if len(begun) < LINE_BYTES:
            begun += text[: LINE_BYTES + 2 - len(begun)]
        if not text.endswith(b"\n") and len(text) >= PIECE_BYTES:
            self._begun[stream] = (first_at, begun)
            return None
        self._begun.pop(stream, None)
        return _line(stream, first_at, begun)

    def rest(self) -> list[OutputLine]:
        """Lines that were begun and never ended."""
        return [_line(stream, at, begun) for stream, (at, begun) in self._begun.items()]


class CommandLines:
    """Lines of a command's streams, which come in pieces that end anywhere; each cut at `LINE_BYTES`."""

    def __init__(self) -> None:
        self._begun: dict[Stream, bytearray] = {}

    def add(self, stream: Stream, piece: bytes) -> Iterator[OutputLine]:
        """The lines that this piece ends."""
        begun = self._begun.setdefault(stream, bytearray())
        *whole, rest = piece.split(b"\n")
        for end in whole:
            yield _line(stream, "", begun + end)
            begun.clear()
        begun += rest[: max(0, LINE_BYTES - len(begun))]

    def rest(self) -> list[OutputLine]:
        """Lines that were begun and never ended."""
        return [_line(stream, "", content) for stream, content in self._begun.items() if content]


def _line(stream: Stream, at: str, content: bytearray) -> OutputLine:
    text = bytes(content).rstrip(b"\r\n")[:LINE_BYTES]
    return OutputLine(text.decode("utf-8", errors="replace"), stream, at)


def _split_time(piece: bytes) -> tuple[str, bytes]:
    found = _TIME.match(piece)
    if found is None:
        return "", piece
    return found.group(1).decode(), piece[found.end() :]


def unix_time(at: str) -> str:
    """RFC 3339 as the engine's `since` reads it: seconds since 1970, a dot, nanoseconds. Other text as it is."""
    found = _SINCE.fullmatch(at)
    if found is None:
        return at
    whole, fraction, zone = found.groups()
    seconds = int(datetime.fromisoformat(whole + zone.replace("Z", "+00:00")).timestamp())
    return f"{seconds}.{(fraction or '0').ljust(9, '0')}"
