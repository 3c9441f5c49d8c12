"""Leases of nodes in the database: ports.lease."""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.domain.ids import NodeId
from fairlead.ports.clock import Clock
from fairlead.store import leases
from fairlead.store.database import Database


class StoreLease:
    """By PostgreSQL's clock; on SQLite, where one process holds the file, by ours."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def renew(self, node: NodeId, *, seconds: float) -> float:
        """As the port says."""
        ours = self._clock.now()
        return await self._database.write(lambda connection: leases.renew(connection, node, seconds, ours))

    async def give_back(self, node: NodeId) -> None:
        """As the port says."""
        ours = self._clock.now()
        await self._database.write(lambda connection: leases.give_back(connection, node, ours))

    async def dead(self, among: Sequence[NodeId]) -> Sequence[NodeId]:
        """As the port says."""
        ours = self._clock.now()
        return await self._database.read(lambda connection: leases.dead(connection, among, ours))
