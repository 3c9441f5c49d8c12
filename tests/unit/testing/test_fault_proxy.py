"""The proxy of faults does what it says, on Unix sockets and on TCP: else tests that stand on it prove nothing."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fairlead.testing.fault_proxy import Corrupt, Cut, Delay, Drop, FaultProxy, HalfClose, Say, Throttle, fault_proxy

BOUND_S = 5.0


class Echo:
    """Says back each line, twice; keeps what it heard."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                self.heard.append(line)
                writer.write(line * 2)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, line: bytes) -> bytes:
        self.writer.write(line)
        return await self.hear(2 * len(line))

    async def hear(self, count: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(count), BOUND_S)

    async def rest(self) -> bytes:
        try:
            return await asyncio.wait_for(self.reader.read(), BOUND_S)
        except ConnectionError:
            return b"reset"


class Rig:
    def __init__(self, echo: Echo, proxy: FaultProxy) -> None:
        self.echo, self.proxy = echo, proxy

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        kind, _, where = self.proxy.listen.partition(":")
        if kind == "unix":
            reader, writer = await asyncio.open_unix_connection(where)
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(where.rpartition(":")[2]))
        try:
            yield Client(reader, writer)
        finally:
            writer.transport.abort()


@pytest.fixture(params=["unix", "tcp"])
async def rig(request: pytest.FixtureRequest, free_port: Callable[[], int]) -> AsyncIterator[Rig]:
    echo = Echo()
    with tempfile.TemporaryDirectory(prefix="fl-") as folder:
        if request.param == "unix":
            target, listen = f"unix:{folder}/there", f"unix:{folder}/here"
            server: asyncio.Server = await asyncio.start_unix_server(echo, f"{folder}/there")
        else:
            server = await asyncio.start_server(echo, "127.0.0.1", 0)
            target = f"tcp:127.0.0.1:{server.sockets[0].getsockname()[1]}"
            listen = f"tcp:127.0.0.1:{free_port()}"
        async with fault_proxy(listen, target) as proxy:
            yield Rig(echo, proxy)
        server.close()


async def test_without_a_strike_it_is_a_clean_relay(rig: Rig) -> None:
    async with rig.client() as client:
        assert await client.ask(b"one\n") == b"one\none\n"
        assert await client.ask(b"two\n") == b"two\ntwo\n"
        client.writer.write_eof()
        assert await client.rest() == b""
    assert rig.echo.heard == [b"one\n", b"two\n"]


async def test_a_strike_befalls_only_what_it_is_meant_for_and_only_so_often(rig: Rig) -> None:
    strike = rig.proxy.strike(Say(b"no\n"), when=b"^bad", times=1)
    async with rig.client() as client:
        assert await client.ask(b"good\n") == b"good\ngood\n"
        client.writer.write(b"bad\n")
        assert await client.rest() == b"no\n"
    async with rig.client() as client:
        assert await client.ask(b"bad\n") == b"bad\nbad\n"
    assert strike.struck == 1
    assert rig.echo.heard == [b"good\n", b"bad\n"]


async def test_a_dropped_request_is_never_heard_and_never_answered(rig: Rig) -> None:
    rig.proxy.strike(Drop())
    async with rig.client() as client:
        client.writer.write(b"lost\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.reader.read(1), 0.1)
        rig.proxy.heal()
        assert await client.ask(b"found\n") == b"found\nfound\n"
    assert rig.echo.heard == [b"found\n"]


async def test_a_delayed_answer_was_heard_at_once(rig: Rig) -> None:
    rig.proxy.strike(Delay(0.2))
    async with rig.client() as client:
        client.writer.write(b"late\n")
        began = time.monotonic()
        answer = asyncio.create_task(client.hear(10))
        while not rig.echo.heard:
            await asyncio.sleep(0)
        assert not answer.done()
        assert await answer == b"late\nlate\n"
        assert time.monotonic() - began >= 0.2


async def test_an_answer_is_cut_in_the_middle_and_the_request_was_heard(rig: Rig) -> None:
    rig.proxy.strike(Cut(after_bytes=3))
    async with rig.client() as client:
        client.writer.write(b"abcdef\n")
        assert await client.rest() in (b"abc", b"reset")
    assert rig.echo.heard == [b"abcdef\n"]


async def test_an_answer_ends_early_and_the_other_way_stays_open(rig: Rig) -> None:
    rig.proxy.strike(HalfClose(after_bytes=3), when=b"first")
    async with rig.client() as client:
        client.writer.write(b"first\n")
        assert await client.rest() == b"fir"
        client.writer.write(b"second\n")
        while len(rig.echo.heard) < 2:
            await asyncio.sleep(0)


async def test_a_corrupted_answer_has_its_length_and_not_its_content(rig: Rig) -> None:
    rig.proxy.strike(Corrupt(every_bytes=4, after_bytes=1))
    async with rig.client() as client:
        assert await client.ask(b"aaaaaaa\n") == b"a`aaa`a\na`aaa`a\n"


async def test_a_throttled_answer_comes_whole_and_slowly(rig: Rig) -> None:
    rig.proxy.strike(Throttle(bytes_per_s=1000))
    began = time.monotonic()
    async with rig.client() as client:
        line = b"x" * 99 + b"\n"
        assert await client.ask(line) == line * 2
    assert time.monotonic() - began >= 0.15


async def test_a_cut_resets_every_open_connection_and_new_ones_are_clean(rig: Rig) -> None:
    async with rig.client() as client:
        await client.ask(b"one\n")
        assert rig.proxy.cut() == 1
        assert await client.rest() in (b"", b"reset")
    async with rig.client() as client:
        assert await client.ask(b"two\n") == b"two\ntwo\n"


async def test_a_closed_door_refuses_and_opens_again(rig: Rig) -> None:
    await rig.proxy.close()
    with pytest.raises((ConnectionRefusedError, FileNotFoundError)):
        async with rig.client():
            pass
    kind, _, where = rig.proxy.listen.partition(":")
    assert kind == "tcp" or not Path(where).exists()
    await rig.proxy.open()
    async with rig.client() as client:
        assert await client.ask(b"again\n") == b"again\nagain\n"


def test_an_http_answer_that_is_said_is_whole() -> None:
    assert Say.http(500, b"{}").answer.endswith(b"Content-Length: 2\r\nConnection: close\r\n\r\n{}")
