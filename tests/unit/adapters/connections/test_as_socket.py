"""An address on a host as a socket here: what goes wrong on the way is known to who asks why there was no answer."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from fairlead.adapters.connections.as_socket import AsSocket
from fairlead.domain.errors import Unreachable
from fairlead.ports.connection import Connection, Streams


class Sink:
    """A writer that takes all."""

    def write(self, piece: bytes) -> None:
        pass

    async def drain(self) -> None:
        pass

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        pass


class Source:
    """A reader that says what it was given, and then breaks off."""

    def __init__(self, *said: bytes | Exception) -> None:
        self.said = list(said)

    async def read(self, most: int) -> bytes:
        held = self.said.pop(0) if self.said else b""
        if isinstance(held, Exception):
            raise held
        return held


class Host:
    """A connection that leads to these in turn."""

    name = "far"

    def __init__(self, *sources: Source | Unreachable) -> None:
        self.sources = list(sources)

    async def dial(self, address: str) -> Streams:
        source = self.sources.pop(0)
        if isinstance(source, Unreachable):
            raise source
        return Streams(cast("asyncio.StreamReader", source), cast("asyncio.StreamWriter", Sink()))


async def read_all(way: AsSocket) -> bytes:
    reader, writer = await asyncio.open_unix_connection(way.path)
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


async def opened(*sources: Source | Unreachable) -> AsSocket:
    way = AsSocket(cast("Connection", cast("Any", Host(*sources))), "unix:/run/engine.sock")
    await way.open()
    return way


@pytest.mark.parametrize("broken", [RuntimeError("the channel is lost"), TypeError("a bug")])
async def test_why_the_way_broke_off_is_known_until_the_next_goes_well(broken: Exception) -> None:
    way = await opened(Source(b"half of an ans", broken), Source(b"whole"))
    try:
        assert await read_all(way) == b"half of an ans"
        assert way.why_not is not None and way.why_not.code == "host.unreachable"
        assert f"unix:/run/engine.sock: {type(broken).__name__}: {broken}" in way.why_not.message
    finally:
        await way.close()


async def test_a_way_that_ends_well_has_nothing_to_say() -> None:
    gone = Unreachable("host.unreachable", "far: nobody is there")
    way = await opened(gone, Source(b"whole"), Source(b"cut", ConnectionResetError("reset")))
    try:
        assert await read_all(way) == b"" and way.why_not is gone
        assert await read_all(way) == b"whole" and way.why_not is None
        assert await read_all(way) == b"cut" and way.why_not is None, "an end that the far side made itself"
    finally:
        await way.close()
