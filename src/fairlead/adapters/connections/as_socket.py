"""An address on a host as a private Unix socket here, so that libraries and programs reach it unchanged."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path

from fairlead.domain.errors import FairleadError, Unreachable
from fairlead.ports.connection import Connection, Streams

PIECE_BYTES = 64 * 1024
CLOSE_TIMEOUT_S = 2.0


class AsSocket:
    """Whoever connects to `path` speaks with `address` (``unix:/path`` or ``tcp:host:port`` there). Only we may: the
    socket lies in a directory of our own. A host that cannot be reached ends each attempt as a refusal does."""

    def __init__(self, connection: Connection, address: str) -> None:
        self._connection = connection
        self._address = address
        self._folder = ""
        self._server: asyncio.Server | None = None
        self._relays: set[asyncio.Task[None]] = set()
        self.why_not: FairleadError | None = None
        """Why the last attempt to reach the address failed, or what broke off since; None where it went well."""

    @property
    def path(self) -> str:
        """The socket, once it was opened."""
        return str(Path(self._folder) / "s")

    async def open(self) -> str:
        """Listens; gives the path."""
        self._folder = tempfile.mkdtemp(prefix="fairlead-")
        self._server = await asyncio.start_unix_server(self._accepted, self.path)
        return self.path

    async def close(self) -> None:
        """Nothing listens and nothing is relayed any more."""
        if self._server is not None:
            self._server.close()
        for relay in (relays := list(self._relays)):
            relay.cancel()
        if relays:
            await asyncio.wait(relays, timeout=CLOSE_TIMEOUT_S)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay = asyncio.get_running_loop().create_task(self._relay(Streams(reader, writer)))
        self._relays.add(relay)
        relay.add_done_callback(self._relays.discard)

    async def _relay(self, here: Streams) -> None:
        try:
            there = await self._connection.dial(self._address)
        except FairleadError as error:
            self.why_not = error
            here.writer.close()
            return
        self.why_not = None
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pour(here.reader, there.writer))
                both.create_task(_pour(there.reader, here.writer))
        except* Exception as broken:  # noqa: BLE001 # a side broke off, in its library's own words: so does the other
            self.why_not = self._broke_off(broken)
        finally:
            for writer in (here.writer, there.writer):
                writer.close()

    def _broke_off(self, broken: BaseExceptionGroup[Exception]) -> FairleadError:
        first = broken.exceptions[0]
        words = f"{self._connection.name}: {self._address}: {type(first).__name__}: {first}"
        return Unreachable("host.unreachable", words[:500], thing=self._address)


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """All of it, and its end; a side that broke off ends it, too."""
    with contextlib.suppress(OSError):
        while piece := await source.read(PIECE_BYTES):
            sink.write(piece)
            await sink.drain()
    with contextlib.suppress(OSError, RuntimeError):
        if sink.can_write_eof():
            sink.write_eof()
