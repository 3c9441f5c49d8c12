"""A proxy of faults, between us and a socket: it delays, drops, cuts, half-closes, corrupts, throttles or says no.

It relays bytes and knows no protocol. A *strike* says what is to happen to which requests: those in whose bytes a
pattern is found. Unix sockets and TCP, on both sides, in one event loop.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, assert_never

READ_BYTES = 1 << 16
BACKLOG = 256
PIECES_A_SECOND = 20
END_BOUND_S = 2.0
LINGER_NOT = struct.pack("ii", 1, 0)  # SO_LINGER of no time: a close is a reset


@dataclass(frozen=True, slots=True)
class Delay:
    """The request goes on at once; its answer comes so much later."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Drop:
    """The request is swallowed, and the connection stays open: nobody ever answers."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The request goes on; so many bytes of its answer come back, then the connection is reset."""

    after_bytes: int = 0


@dataclass(frozen=True, slots=True)
class HalfClose:
    """The request goes on; so many bytes of its answer come back, then the answer ends, and nothing else does."""

    after_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Corrupt:
    """One byte in so many of the answer comes back with its lowest bit turned, from the given one on."""

    every_bytes: int
    after_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Throttle:
    """The answer comes back at this rate."""

    bytes_per_s: int


@dataclass(frozen=True, slots=True)
class Say:
    """The request goes nowhere: this is answered in the other side's place, and the connection closed."""

    answer: bytes

    @staticmethod
    def http(status: int, body: bytes, content_type: str = "application/json") -> Say:
        """An HTTP/1.1 answer."""
        head = f"HTTP/1.1 {status} Said\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        return Say(f"{head}Connection: close\r\n\r\n".encode() + body)


Fault: TypeAlias = Delay | Drop | Cut | HalfClose | Corrupt | Throttle | Say


@dataclass(slots=True)
class Strike:
    """A fault that waits for requests: all of them, or the next `times`. `struck` counts those that it befell, and
    `on_struck` is called for each before it goes on: it may strike others."""

    fault: Fault
    when: re.Pattern[bytes]
    times: int | None = None
    struck: int = 0
    on_struck: Callable[[], object] = bool

    def befalls(self, request: bytes) -> bool:
        """Whether this request is struck; it is counted then."""
        if (self.times is not None and self.struck >= self.times) or not self.when.search(request):
            return False
        self.struck += 1
        self.on_struck()
        return True


class FaultProxy:
    """Listens at one address and relays to another; both are ``unix:/path`` or ``tcp:host:port``.

    Without a strike it is a clean relay. Made by `fault_proxy`, which also ends it with all its connections.
    """

    def __init__(self, listen: str, target: str) -> None:
        self.listen = listen
        self.target = target
        self._strikes: list[Strike] = []
        self._links: set[_Link] = set()
        self._works: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def strike(self, fault: Fault, *, when: bytes = b"", times: int | None = None) -> Strike:
        """From now on, requests in which the pattern is found are struck; the first strike that fits counts."""
        strike = Strike(fault, re.compile(when, re.DOTALL), times)
        self._strikes.append(strike)
        return strike

    def heal(self) -> None:
        """Requests from now on are relayed cleanly; what was dropped stays dropped."""
        self._strikes.clear()

    def cut(self) -> int:
        """Every open connection is reset now; how many that were."""
        links = list(self._links)
        for link in links:
            link.reset()
        return len(links)

    async def open(self) -> None:
        """Somebody listens at the address."""
        kind, where = _parts(self.listen)
        if kind == "unix":
            self._server = await asyncio.start_unix_server(self._take, where, backlog=BACKLOG)
        else:
            host, port = _host_and_port(where)
            self._server = await asyncio.start_server(self._take, host, port, backlog=BACKLOG)

    async def close(self) -> None:
        """Nobody listens any more (a Unix socket's file is gone), and every connection is reset; twice is fine."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()
        if self._works:
            await asyncio.wait(self._works, timeout=END_BOUND_S)
        _unlink(self.listen)

    def _fault_for(self, request: bytes) -> Fault | None:
        return next((strike.fault for strike in list(self._strikes) if strike.befalls(request)), None)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        work = asyncio.current_task()
        assert work is not None
        self._works.add(work)
        work.add_done_callback(self._works.discard)
        try:
            there = await _connect(self.target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(self, (reader, writer), there)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Link:
    """One connection through the proxy: what goes up is looked at, what comes down is struck."""

    def __init__(self, proxy: FaultProxy, here: Ends, there: Ends) -> None:
        self._proxy = proxy
        self._from_here, self._to_here = here
        self._from_there, self._to_there = there
        self._fault: Fault | None = None
        self._passed = 0
        self._is_over = asyncio.Event()

    def reset(self) -> None:
        """Both sides see a connection that is gone."""
        self._is_over.set()

    async def run(self) -> None:
        """Until one side resets it, or both have ended."""
        pumps = {asyncio.ensure_future(self._up()), asyncio.ensure_future(self._down())}
        over = asyncio.ensure_future(self._is_over.wait())
        try:
            both = asyncio.ensure_future(asyncio.wait(pumps))
            await asyncio.wait({both, over}, return_when=asyncio.FIRST_COMPLETED)
            both.cancel()
        finally:
            for task in (*pumps, over):
                task.cancel()
            await asyncio.gather(*pumps, over, return_exceptions=True)
            self._abort()

    def _abort(self) -> None:
        for writer in (self._to_here, self._to_there):
            taken = writer.get_extra_info("socket")
            if self._is_over.is_set() and taken is not None and taken.family != socket.AF_UNIX:
                with suppress(OSError):
                    taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
            if self._is_over.is_set():
                writer.transport.abort()
            else:
                writer.close()

    async def _up(self) -> None:
        try:
            while request := await self._from_here.read(READ_BYTES):
                self._fault, self._passed = self._proxy._fault_for(request), 0
                if isinstance(self._fault, Drop):
                    continue
                if isinstance(self._fault, Say):
                    self._to_here.write(self._fault.answer)
                    await self._to_here.drain()
                    self._to_here.write_eof()
                    break
                self._to_there.write(request)
                await self._to_there.drain()
            self._to_there.write_eof()
        except (OSError, RuntimeError):  # it was closed under our hands
            self.reset()

    async def _down(self) -> None:
        try:
            while answer := await self._from_there.read(READ_BYTES):
                if not await self._pass(answer):
                    return
            self._to_here.write_eof()
        except (OSError, RuntimeError):
            self.reset()

    async def _pass(self, answer: bytes) -> bool:
        """Whether more may follow."""
        fault, before = self._fault, self._passed
        self._passed += len(answer)
        match fault:
            case None:
                await self._send(answer)
            case Delay(seconds):
                await asyncio.sleep(seconds if before == 0 else 0)
                await self._send(answer)
            case Cut(after):
                await self._send(answer[: max(0, after - before)])
                if self._passed >= after:
                    self.reset()
            case HalfClose(after):
                await self._send(answer[: max(0, after - before)])
                if self._passed >= after:
                    self._to_here.write_eof()
                    return False
            case Corrupt(every, after):
                await self._send(_turned(answer, before, every, after))
            case Throttle(rate):
                size = max(1, rate // PIECES_A_SECOND)
                for start in range(0, len(answer), size):
                    await self._send(answer[start : start + size])
                    await asyncio.sleep(size / rate)
            case Drop() | Say():
                return True
            case _:
                assert_never(fault)
        return True

    async def _send(self, data: bytes) -> None:
        if data:
            self._to_here.write(data)
            await self._to_here.drain()


@asynccontextmanager
async def fault_proxy(listen: str, target: str) -> AsyncIterator[FaultProxy]:
    """Listening, and gone at the end."""
    proxy = FaultProxy(listen, target)
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.close()


def _turned(answer: bytes, before: int, every: int, after: int) -> bytes:
    turned = bytearray(answer)
    for place in range(len(turned)):
        count = before + place - after
        if count >= 0 and count % every == 0:
            turned[place] ^= 1
    return bytes(turned)


async def _connect(address: str) -> Ends:
    kind, where = _parts(address)
    if kind == "unix":
        return await asyncio.open_unix_connection(where)
    return await asyncio.open_connection(*_host_and_port(where))


def _unlink(address: str) -> None:
    kind, where = _parts(address)
    if kind == "unix":
        Path(where).unlink(missing_ok=True)


def _parts(address: str) -> tuple[str, str]:
    kind, _, where = address.partition(":")
    if kind not in ("unix", "tcp") or not where:
        raise ValueError(f"{address!r} is neither unix:/path nor tcp:host:port")
    return kind, where


def _host_and_port(where: str) -> tuple[str, int]:
    host, _, port = where.rpartition(":")
    return host, int(port)
