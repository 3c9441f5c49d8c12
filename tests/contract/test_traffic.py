"""Our own users of a route, real and fake, keep the contract."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fairlead.adapters.connections.local import LocalConnection
from fairlead.adapters.system import SystemClock
from fairlead.adapters.traffic import ThroughProxy
from fairlead.ports.traffic import Door, Visits
from fairlead.testing.contracts import traffic as contract
from fairlead.testing.fake_traffic import FakeTraffic

BOUND_S = 10.0


class FakeGiven:
    def __init__(self) -> None:
        self.traffic = FakeTraffic(self._answer)
        self._status: dict[str, int] = {}
        self._asked: Counter[str] = Counter()

    def _answer(self, door: Door) -> int:
        self._asked[door.route] += 1
        return self._status[door.route]

    def door(self, route: str, *, status: int = 200) -> Door:
        self._status[route] = status
        return Door(route, "10.0.0.1", 80, f"{route}.example.com")

    async def until_visited(self, route: str) -> None:
        assert self._asked[route]

    def visits(self, route: str) -> int:
        return self._asked[route]


class RealGiven:
    """A server on the loopback that answers by the host's name."""

    def __init__(self, folder: Path) -> None:
        self.traffic = ThroughProxy(LocalConnection(folder), SystemClock())
        self.port = 0
        self._status: dict[str, int] = {}
        self._ended: Counter[str] = Counter()
        self._news = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        route = head.partition("Host: ")[2].partition(".")[0]
        if status := self._status[route]:
            writer.write(f"HTTP/1.1 {status} Said\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".encode())
        writer.close()
        await writer.wait_closed()
        self._ended[route] += 1
        self._news.set()
        self._news = asyncio.Event()

    def door(self, route: str, *, status: int = 200) -> Door:
        self._status[route] = status
        return Door(route, "127.0.0.1", self.port, f"{route}.example.com")

    async def until_visited(self, route: str) -> None:
        wanted = self._ended[route] + 2  # the first of two that ended here has surely ended there
        async with asyncio.timeout(BOUND_S):
            while self._ended[route] < wanted:
                await self._news.wait()

    def visits(self, route: str) -> int:
        return self._ended[route]


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[RealGiven]:
    given = RealGiven(tmp_path)
    server = await asyncio.start_server(given.serve, "127.0.0.1", 0)
    given.port = server.sockets[0].getsockname()[1]
    try:
        yield given
    finally:
        await given.traffic.close()
        server.close()


class TestFake(contract.TrafficContract):
    @pytest.fixture
    def given(self) -> FakeGiven:
        return FakeGiven()


class TestThroughProxy(contract.TrafficContract):
    @pytest.fixture
    def given(self, real: RealGiven) -> RealGiven:
        return real


async def test_nobody_who_listens_is_no_answer(real: RealGiven) -> None:
    real.traffic.watch(contract.ONE, [Door("gone", "127.0.0.1", 1, "gone.example.com")])
    real.traffic.watch(contract.ONE, [real.door("books")])
    await real.until_visited("books")
    met = real.traffic.leave(contract.ONE, "gone")
    assert met.failed == met.unanswered >= 1


async def test_after_the_end_nobody_asks(real: RealGiven) -> None:
    real.traffic.watch(contract.ONE, [real.door("books")])
    await real.until_visited("books")
    await real.traffic.close()
    assert real.traffic.leave(contract.ONE, "books") == Visits()


class CountsNothing(FakeTraffic):
    def leave(self, task: object, route: str) -> Visits:
        super().leave(task, route)  # type: ignore[arg-type]
        return Visits()


class HidesFailures(FakeTraffic):
    def leave(self, task: object, route: str) -> Visits:
        met = super().leave(task, route)  # type: ignore[arg-type]
        return Visits(met.requests, 0, 0, met.slowest_ms)


class NeverLeaves(FakeTraffic):
    def leave(self, task: object, route: str) -> Visits:
        held = dict(self.watched)
        met = super().leave(task, route)  # type: ignore[arg-type]
        self.watched = held
        return met


@pytest.mark.parametrize(
    ("kind", "promise"),
    [
        (CountsNothing, contract.TrafficContract.test_what_is_watched_is_asked_until_it_is_left),
        (HidesFailures, contract.TrafficContract.test_an_answer_of_5xx_has_failed_and_was_answered),
        (HidesFailures, contract.TrafficContract.test_no_answer_has_failed_and_is_counted_apart),
        (NeverLeaves, contract.TrafficContract.test_twice_is_once),
    ],
)
async def test_a_wrong_traffic_is_found_out(kind: type[FakeTraffic], promise) -> None:  # type: ignore[no-untyped-def]
    given = FakeGiven()
    given.traffic = kind(given._answer)
    with pytest.raises(AssertionError):
        await promise(contract.TrafficContract(), given)
