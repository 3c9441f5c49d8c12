"""Our own users of a route: one request at a time through the proxy, as a user makes it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field

from fairlead.domain.errors import FairleadError
from fairlead.domain.ids import TaskId
from fairlead.ports.clock import Clock
from fairlead.ports.connection import Connection
from fairlead.ports.traffic import Door, Visits

FIRST_PAUSE_S = 0.025
LONGEST_PAUSE_S = 0.5
PAUSE_GROWTH = 1.05
"""Forty visits in the first two seconds; where tests last for minutes, two in a second."""
ANSWER_BOUND_S = 30.0
LONGEST_WATCH_S = 3600.0
MOST_WATCHED = 256
MOST_FAILURES = 5
ANSWER_BYTES = 1 << 16
STATUS_BYTES = 256


class ThroughProxy:
    """`ports.traffic.Traffic` over the connection to the proxy's host. `close` ends all of it."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._watched: dict[tuple[TaskId, str], _Visitor] = {}
        self._children: set[asyncio.Task[None]] = set()

    def watch(self, task: TaskId, doors: Sequence[Door]) -> None:
        """See the port."""
        for door in doors:
            if (task, door.route) in self._watched or len(self._children) >= MOST_WATCHED:
                continue
            visitor = self._watched[task, door.route] = _Visitor(door, self._connection, self._clock)
            child = asyncio.ensure_future(visitor.run())
            self._children.add(child)
            child.add_done_callback(self._children.discard)

    def leave(self, task: TaskId, route: str) -> Visits:
        """See the port."""
        visitor = self._watched.pop((task, route), None)
        return visitor.leave() if visitor else Visits()

    async def close(self) -> None:
        """Nobody asks any more, and no request is under way."""
        self._watched.clear()
        children = list(self._children)
        for child in children:
            child.cancel()
        if children:
            await asyncio.wait(children)


@dataclass(slots=True)
class _Visitor:
    """Asks one door, one request after the other."""

    door: Door
    connection: Connection
    clock: Clock
    requests: int = 0
    failed: int = 0
    unanswered: int = 0
    slowest_s: float = 0.0
    failures: dict[str, None] = field(default_factory=dict)
    asking_since_s: float | None = None
    has_left: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        until_s = self.clock.monotonic_s() + LONGEST_WATCH_S
        pause_s = FIRST_PAUSE_S
        while not self.has_left.is_set() and self.clock.monotonic_s() < until_s:
            await self._visit()
            try:
                async with asyncio.timeout(pause_s):
                    await self.has_left.wait()
            except TimeoutError:
                pause_s = min(LONGEST_PAUSE_S, pause_s * PAUSE_GROWTH)

    def leave(self) -> Visits:
        self.has_left.set()
        under_way_s = 0.0 if self.asking_since_s is None else self.clock.monotonic_s() - self.asking_since_s
        slowest_ms = max(self.slowest_s, under_way_s) * 1000
        return Visits(self.requests, self.failed, self.unanswered, round(slowest_ms, 2), tuple(self.failures))

    async def _visit(self) -> None:
        self.asking_since_s = began_s = self.clock.monotonic_s()
        try:
            async with asyncio.timeout(ANSWER_BOUND_S):
                status = await self._ask()
            if status >= 500:
                self._say_failed(f"answered {status}")
            self.slowest_s = max(self.slowest_s, self.clock.monotonic_s() - began_s)
        except (FairleadError, OSError, EOFError, TimeoutError, ValueError) as error:
            self.unanswered += 1
            self._say_failed(f"no answer: {str(error) or type(error).__name__}")
        finally:
            self.requests += 1
            self.asking_since_s = None

    def _say_failed(self, what: str) -> None:
        self.failed += 1
        if len(self.failures) < MOST_FAILURES:
            self.failures[what[:200]] = None

    async def _ask(self) -> int:
        door = self.door
        streams = await self.connection.dial(f"tcp:{door.address}:{door.port}")
        reader, writer = streams.reader, streams.writer
        try:
            if door.tls:
                await writer.start_tls(_trusting(), server_hostname=door.host)
            head = f"GET {door.path} HTTP/1.1\r\nHost: {door.host}\r\nUser-Agent: fairlead-probe\r\nAccept: */*\r\n"
            writer.write(f"{head}Connection: close\r\n\r\n".encode())
            await writer.drain()
            status = _status(await reader.readline())
            while await reader.read(ANSWER_BYTES):
                pass
        finally:
            writer.close()
        return status


def _status(line: bytes) -> int:
    words = line[:STATUS_BYTES].split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ValueError("the answer is not HTTP" if line else "the connection was closed unanswered")
    return int(words[1])


def _trusting() -> ssl.SSLContext:
    """It is our own proxy that is asked; whether its certificate is trusted is no question of a switch."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
