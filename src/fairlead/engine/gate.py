"""What may start and what must stop in this process: draining at step boundaries, and runs lost to another owner."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from fairlead.domain.record import Json
from fairlead.engine.bounded import end
from fairlead.ports.clock import Clock
from fairlead.ports.durable import Abandoned

CLEANUP_S = 10.0

_is_inside: ContextVar[bool] = ContextVar("is_inside_a_step", default=False)


class Gate:
    """Steps go through it. Used from one event loop.

    An *epoch* is the time from one taking of ownership to its loss: a run belongs to the epoch that it began in.
    """

    def __init__(self, clock: Clock) -> None:
        self.epoch = 0
        self._clock = clock
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._draining = asyncio.Event()
        self._lost = asyncio.Event()

    def require(self, epoch: int) -> None:
        """`Abandoned` for a run of an epoch that is over."""
        if epoch != self.epoch or self._lost.is_set():
            raise Abandoned

    def step(self, epoch: int) -> GatedStep:
        """A step that wants to go through."""
        return GatedStep(self, epoch)

    async def pause(self, seconds: float) -> None:
        """Wait; inside a step it does not count as in flight, and while draining it does not end."""
        counts = 1 if _is_inside.get() else 0
        self.count(-counts)
        try:
            await self._clock.sleep(seconds)
            await self.park_if_draining()
        finally:
            self.count(counts)

    async def drain(self, *, bound_s: float) -> bool:
        """No step starts any more; whether all in flight ended within the bound."""
        self._draining.set()
        return await self.emptied(bound_s=bound_s)

    async def emptied(self, *, bound_s: float) -> bool:
        """Whether nothing is in flight any more, within the bound."""
        try:
            async with asyncio.timeout(bound_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def lose(self) -> None:
        """The epoch is over: what is in flight is cancelled, and nothing of it is kept."""
        self._lost.set()

    def regain(self) -> None:
        """A new epoch begins."""
        self.epoch += 1
        self._lost = asyncio.Event()

    async def until_lost(self, epoch: int, work: Awaitable[Json]) -> Json:
        """What `work` returns; it is cancelled and `Abandoned` raised when the epoch ends."""
        lost = self._lost
        running = asyncio.ensure_future(work)
        losing = asyncio.ensure_future(lost.wait())
        try:
            await asyncio.wait({running, losing}, return_when=asyncio.FIRST_COMPLETED)
            if lost.is_set():
                raise Abandoned
            return running.result()
        finally:
            losing.cancel()
            await end(running, cleanup_s=CLEANUP_S)

    async def park_if_draining(self) -> None:
        """Wait for ever while draining."""
        if self._draining.is_set():
            await asyncio.Event().wait()

    def count(self, change: int) -> None:
        """So many more in flight."""
        self._in_flight += change
        if self._in_flight:
            self._idle.clear()
        else:
            self._idle.set()


class GatedStep:
    """One step on its way through. It is in flight from its beginning until `over`: until it has been kept, too."""

    def __init__(self, gate: Gate, epoch: int) -> None:
        self._gate = gate
        self._epoch = epoch
        self._is_begun = False

    async def run(self, work: Callable[[], Awaitable[Json]]) -> Json:
        """Run it; wait for ever while draining; cancel it and raise `Abandoned` when its epoch ends."""
        await self._gate.park_if_draining()
        self._gate.require(self._epoch)
        self._is_begun = True
        self._gate.count(1)
        inside = _is_inside.set(True)
        try:
            return await self._gate.until_lost(self._epoch, work())
        finally:
            _is_inside.reset(inside)

    def over(self) -> None:
        """It was kept, or given up."""
        if self._is_begun:
            self._is_begun = False
            self._gate.count(-1)
