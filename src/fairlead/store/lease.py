"""Leases of nodes in the database: ports.lease."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fairlead.domain.ids import NodeId
from fairlead.ports.clock import Clock
from fairlead.store import leases
from fairlead.store.database import Database

UNRENEWED_S = 24.0
"""Three leases: who was not seen to renew for so long is dead, whatever the database's clock says, which may have been
set back. By then it has long let go of its work, by its own watch."""


class StoreLease:
    """By PostgreSQL's clock; on SQLite, where one process holds the file, by ours."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._seen: dict[NodeId, tuple[datetime, float]] = {}

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
        alive = await self._database.read(lambda connection: leases.alive(connection, among, ours))
        now_s = self._clock.monotonic_s()
        for node, until in alive.items():
            if self._seen.get(node, (None, 0.0))[0] != until:
                self._seen[node] = (until, now_s)
        self._seen = {node: seen for node, seen in self._seen.items() if node in alive}
        return tuple(node for node in among if node not in alive or now_s - self._seen[node][1] > UNRENEWED_S)
