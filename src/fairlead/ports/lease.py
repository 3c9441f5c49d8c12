"""Which nodes are alive, by the database's clock, and which one a task belongs to (law 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from fairlead.domain.ids import NodeId


class Lease(Protocol):
    """One lease for each boot of a node. A node whose lease ran out is dead to all others, whatever it thinks."""

    async def renew(self, node: NodeId, *, seconds: float) -> float:
        """The lease runs that long from now on; seconds that were left on it before."""
        ...

    async def give_back(self, node: NodeId) -> None:
        """The lease has run out as of now."""
        ...

    async def dead(self, among: Sequence[NodeId]) -> Sequence[NodeId]:
        """Those whose lease has run out, or that never had one."""
        ...
