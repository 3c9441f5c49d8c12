"""A command's standard input: a request whose connection the engine hands over to the command (HTTP 101).

Docker's "hijacking" (API reference, *Attach to a container*): after the answer's head the connection is the command's:
what is written goes to its standard input, the end of writing is the input's end, and its output comes the other way.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlencode

from fairlead.adapters.engines.docker.client import EngineClient, query
from fairlead.adapters.engines.docker.errors import EngineSaidNo
from fairlead.domain.errors import Unreachable

PIECE_BYTES = 64 * 1024
HEAD_BYTES = 64 * 1024
TAKEN_OVER = (101, 200)


class Line:
    """The connection, taken over."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def feed(self, content: bytes) -> None:
        """All of it, and then its end. A command that ends before it has read all is no failure of the feeding."""
        with suppress(ConnectionError):
            for start in range(0, len(content), PIECE_BYTES):
                self._writer.write(content[start : start + PIECE_BYTES])
                await self._writer.drain()
            self._writer.write_eof()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """What comes back, until its end."""
        with suppress(ConnectionError):
            while piece := await self._reader.read(PIECE_BYTES):
                yield piece


@asynccontextmanager
async def taken_over(
    client: EngineClient, path: str, *, params: Mapping[str, object] | None = None, body: object = None, thing: str
) -> AsyncIterator[Line]:
    """The connection of a POST, taken over; closed at the end of the block. Errors as with `EngineClient.stream`."""
    target = await client.versioned(path) + (f"?{urlencode(query(params))}" if params else "")
    sent = b"" if body is None else json.dumps(body).encode()
    try:
        reader, writer = await asyncio.open_unix_connection(client.socket, limit=HEAD_BYTES)
    except OSError as error:
        raise _unreachable(client, str(error)) from error
    try:
        writer.write(
            f"POST {target} HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n".encode()
            + sent
        )
        try:
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            status = int(head.split(b" ", 2)[1])
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError, IndexError) as error:
            raise _unreachable(client, "its answer to a command broke off") from error
        if status not in TAKEN_OVER:
            raise EngineSaidNo(status, _words(await reader.read(HEAD_BYTES)), thing)
        yield Line(reader, writer)
    finally:
        writer.close()


def _words(content: bytes) -> str:
    text = content.decode(errors="replace").strip()
    with suppress(ValueError, AttributeError):
        return str(json.loads(text[text.index("{") : text.rindex("}") + 1]).get("message", text))
    return text


def _unreachable(client: EngineClient, why: str) -> Unreachable:
    return Unreachable(
        "engine.unreachable",
        f"the container engine at {client.socket} does not answer: {why}",
        thing=client.socket,
        hint="is it running, and may Fairlead use its socket?",
    )
