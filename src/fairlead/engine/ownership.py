"""Keeps this node's lease, takes over what dead nodes left, and lets go at once when the lease is lost (law 6)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from fairlead.domain.errors import FairleadError
from fairlead.domain.ids import NodeId
from fairlead.engine.gate import Gate
from fairlead.ports.clock import Clock
from fairlead.ports.durable import Abandoned
from fairlead.ports.lease import Lease

GIVE_BACK_S = 2.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """How long a lease is, how often it is renewed, and how often the dead are looked for: takeover within 10 s.

    What is in flight is cancelled `let_go_before_s` before an unrenewed lease runs out, so that it has ended when
    another takes over.
    """

    lease_s: float = 8.0
    renew_every_s: float = 2.0
    look_every_s: float = 1.0
    let_go_before_s: float = 2.0


@dataclass(slots=True)
class Ownership:
    """The lease of this node, renewed as long as the process can. Times are those of `lease`'s database.

    `owners` tells the nodes that unfinished runs belong to; `take_over` makes theirs free for whoever is alive.
    A death is seen at the latest `lease_s` + `look_every_s` after the last renewal.
    """

    node: NodeId
    lease: Lease
    gate: Gate
    clock: Clock
    owners: Callable[[], Awaitable[Sequence[NodeId]]]
    take_over: Callable[[Sequence[NodeId]], Awaitable[None]]
    times: LeaseTimes = field(default_factory=LeaseTimes)
    _asked_s: float | None = None
    _is_held: bool = False
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def acquire(self) -> None:
        """The lease is held."""
        await self._renew()

    def require(self) -> None:
        """`Abandoned` unless the lease is held at this very moment: by the clock, whatever was told last."""
        runs_out_s = (self._asked_s or 0.0) + self.times.lease_s
        if not self._is_held or self.clock.monotonic_s() >= runs_out_s:
            raise Abandoned

    def start(self) -> None:
        """It is kept, and the dead are looked for, until `stop`."""
        works = (
            self._every(self.times.renew_every_s, self._renew),
            self._every(self.times.look_every_s, self._look),
            self._guard(),
        )
        self._tasks = [asyncio.ensure_future(work) for work in works]

    async def stop(self) -> None:
        """The lease is given back, so that others need not wait it out."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(GIVE_BACK_S):
                await self.lease.give_back(self.node)
        except (FairleadError, TimeoutError) as failed:
            log.warning("lease.not_given_back", node=self.node, error=str(failed))

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self.clock.sleep(seconds)
            try:
                await work()
            except FairleadError as failed:
                log.warning("lease.no_answer", node=self.node, error=str(failed))
            except Exception as raised:  # noqa: BLE001 - the rim of the keeper: it must outlive every failure
                log.error("lease.failed", node=self.node, error=repr(raised))

    async def _renew(self) -> None:
        asked_s, is_first = self.clock.monotonic_s(), self._asked_s is None
        left_s = await self.lease.renew(self.node, seconds=self.times.lease_s)
        if self._is_held and left_s <= 0:
            self._let_go("it had run out when it was renewed")
        if not self._is_held and not is_first:
            await self._come_back()
        self._asked_s, self._is_held = asked_s, True

    async def _come_back(self) -> None:
        """What was let go begins anew, here or elsewhere, once the last of it has ended here."""
        await self.gate.emptied(bound_s=self.times.lease_s)
        self.gate.regain()
        await self.take_over([self.node])

    async def _guard(self) -> None:
        while True:
            left_s = (self._asked_s or 0.0) + self.times.lease_s - self.times.let_go_before_s - self.clock.monotonic_s()
            if left_s <= 0 and self._is_held:
                self._let_go("it could not be renewed in time")
            await self.clock.sleep(max(0.1, left_s))

    def _let_go(self, why: str) -> None:
        log.error("lease.lost", node=self.node, why=why)
        self._is_held = False
        self.gate.lose()

    async def _look(self) -> None:
        if not self._is_held:
            return
        owners = [owner for owner in await self.owners() if owner != self.node]
        if owners and (dead := await self.lease.dead(owners)):
            log.warning("node.dead", nodes=list(dead), by=self.node)
            await self.take_over(dead)
