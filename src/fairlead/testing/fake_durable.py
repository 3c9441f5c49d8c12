"""The durable engine in memory: a disk that outlives its processes, which a test may let die anywhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

from fairlead.domain.ids import TaskId
from fairlead.domain.record import Json
from fairlead.ports.clock import Clock
from fairlead.ports.durable import Abandoned, Body, Journal, Reservation
from fairlead.testing.fake_clock import FakeClock

RunKey = tuple[TaskId, int]

_is_in_flight: ContextVar[bool] = ContextVar("is_in_flight", default=False)


@dataclass(slots=True)
class Disk:
    """What is kept: the queue, which runs are over (and when), and each run's journal as place → (name, JSON text)."""

    queue: list[RunKey] = field(default_factory=list)
    over: dict[RunKey, datetime] = field(default_factory=dict)
    journals: dict[RunKey, dict[int, tuple[str, str]]] = field(default_factory=dict)
    owners: dict[RunKey, str] = field(default_factory=dict)
    broken: dict[RunKey, BaseException] = field(default_factory=dict)


@dataclass(slots=True)
class FakeTransaction:
    """An open transaction: what was enqueued in it is queued once it commits."""

    pending: list[RunKey] = field(default_factory=list)


@contextmanager
def transaction(disk: Disk) -> Iterator[FakeTransaction]:
    """Commits at its end; an exception rolls back."""
    opened = FakeTransaction()
    yield opened
    for key in opened.pending:
        if key not in disk.journals:
            disk.journals[key] = {}
            disk.queue.append(key)


@dataclass(frozen=True, slots=True)
class _Place:
    number: int


class FakeJournal:
    """`ports.durable.Journal` on a `Disk`. A place that a replay uses under another name is an error."""

    def __init__(self, durable: FakeDurable, key: RunKey) -> None:
        self.task, self.again = key
        self._durable = durable
        self._key = key
        self._reserved = 0
        self._used: set[int] = set()

    def reserve(self) -> Reservation:
        self._reserved += 1
        return _Place(self._reserved - 1)

    async def record(self, place: Reservation, name: str, work: Callable[[], Awaitable[Json]]) -> Json:
        assert isinstance(place, _Place)
        if place.number in self._used:
            raise RuntimeError(f"place {place.number} ({name}) was used twice")
        self._used.add(place.number)
        kept = self._durable.disk.journals[self._key].get(place.number)
        if kept is not None:
            if kept[0] != name:
                raise RuntimeError(f"place {place.number} holds {kept[0]!r}, the replay asked for {name!r}")
            await asyncio.sleep(0)
            return _read(kept[1])
        made = json.dumps(await self._durable.in_flight(work))
        self._durable.keep(self._key, place.number, name, made)
        return _read(made)

    async def pause(self, seconds: float) -> None:
        await self._durable.pause(seconds)

    async def earlier(self) -> Mapping[str, Json]:
        found: dict[str, Json] = {}
        for again in range(self.again):
            for _, (name, text) in sorted(self._durable.disk.journals.get((self.task, again), {}).items()):
                found[name] = _read(text)
        return found


class FakeDurable:
    """`ports.durable.Durable` on a `Disk`. `die` is what kill -9 is to a process."""

    def __init__(self, disk: Disk, *, node: str = "node", clock: Clock | None = None, at_once: int = 8) -> None:
        self.disk = disk
        self.node = node
        self._clock = clock or FakeClock()
        self._at_once = at_once
        self._runs: dict[RunKey, asyncio.Task[None]] = {}
        self._body: Body | None = None
        self._in_flight = 0
        self._draining = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._is_dead = False
        self.loop: asyncio.AbstractEventLoop | None = None

    async def launch(self, body: Body) -> None:
        self.loop, self._body = asyncio.get_running_loop(), body
        left = [key for key in self.disk.owners if key not in self.disk.over]
        self.disk.queue[:0] = left
        for key in left:
            del self.disk.owners[key]
        self._take()

    def enqueue(self, transaction: object, task: TaskId, *, again: int = 0) -> None:
        assert isinstance(transaction, FakeTransaction)
        transaction.pending.append((task, again))

    async def resume(self, task: TaskId, *, again: int) -> None:
        with transaction(self.disk) as opened:
            opened.pending.append((task, again))
        self.wake()

    def wake(self) -> None:
        if self.loop:
            self.loop.call_soon_threadsafe(self._take)

    async def drain(self, *, bound_s: float) -> None:
        self._draining.set()
        try:
            async with asyncio.timeout(bound_s):
                await self._idle.wait()
        except TimeoutError:
            return

    async def close(self) -> None:
        await self.die()

    async def forget(self, before: datetime) -> int:
        old = [key for key, ended in self.disk.over.items() if ended < before]
        for key in old:
            del self.disk.over[key], self.disk.journals[key]
        return len(old)

    async def die(self) -> None:
        """Nothing more is kept from this moment; what was in flight is lost."""
        self._is_dead = True
        runs = list(self._runs.values())
        for run in runs:
            run.cancel()
        await asyncio.gather(*runs, return_exceptions=True)

    def require(self, task: TaskId) -> None:
        """`Abandoned` where the task is another process's by now."""
        if any(self.disk.owners.get(key) != self.node for key in self._runs if key[0] == task):
            raise Abandoned

    async def settle(self) -> None:
        """Return when every run that this process has taken is over."""
        while self._runs:
            await asyncio.wait(list(self._runs.values()))
            await asyncio.sleep(0)

    async def in_flight(self, work: Callable[[], Awaitable[Json]]) -> Json:
        """Run a record's work, unless draining."""
        await self._park_if_draining()
        self._count(1)
        inside = _is_in_flight.set(True)
        try:
            return await work()
        finally:
            _is_in_flight.reset(inside)
            self._count(-1)

    async def pause(self, seconds: float) -> None:
        """As `Journal.pause`."""
        counts = 1 if _is_in_flight.get() else 0
        self._count(-counts)
        try:
            await self._clock.sleep(seconds)
            await self._park_if_draining()
        finally:
            self._count(counts)

    def keep(self, key: RunKey, number: int, name: str, text: str) -> None:
        """Write a record, unless this process is dead or the run is another's."""
        if self._is_dead or self.disk.owners.get(key) != self.node:
            raise Abandoned
        self.disk.journals[key][number] = (name, text)

    async def _park_if_draining(self) -> None:
        if self._draining.is_set():
            await asyncio.Event().wait()

    def _count(self, change: int) -> None:
        self._in_flight += change
        if self._in_flight <= 0:
            self._idle.set()
        else:
            self._idle.clear()

    def _take(self) -> None:
        while self._body and not self._is_dead and not self._draining.is_set():
            if not self.disk.queue or len(self._runs) >= self._at_once:
                return
            key = self.disk.queue.pop(0)
            self.disk.owners[key] = self.node
            self._runs[key] = asyncio.ensure_future(self._run(key, self._body))

    async def _run(self, key: RunKey, body: Body) -> None:
        journal: Journal = FakeJournal(self, key)
        try:
            await body(journal)
            self._end(key)
        except Abandoned:
            pass
        except Exception as raised:  # noqa: BLE001 - the rim of a run: kept for the test to see
            self.disk.broken[key] = raised
            self._end(key)
        finally:
            self._runs.pop(key, None)
            self._take()

    def _end(self, key: RunKey) -> None:
        if not self._is_dead and self.disk.owners.get(key) == self.node:
            self.disk.over[key] = self._clock.now()


def _read(text: str) -> Json:
    read: Json = json.loads(text)
    return read
