"""Leases in memory, by a held clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from fairlead.domain.ids import NodeId
from fairlead.ports.clock import Clock


class FakeLease:
    """`ports.lease.Lease`."""

    def __init__(self, clock: Clock) -> None:
        self.until: dict[NodeId, datetime] = {}
        self._clock = clock

    async def renew(self, node: NodeId, *, seconds: float) -> float:
        now = self._clock.now()
        left = max(0.0, (self.until.get(node, now) - now).total_seconds())
        self.until[node] = now + timedelta(seconds=seconds)
        return left

    async def give_back(self, node: NodeId) -> None:
        if node in self.until:
            self.until[node] = self._clock.now()

    async def dead(self, among: Sequence[NodeId]) -> Sequence[NodeId]:
        now = self._clock.now()
        return [node for node in among if self.until.get(node, now) <= now]
