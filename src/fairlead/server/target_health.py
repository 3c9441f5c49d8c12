"""How running tasks find targets, told to the books: ports.health."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from fairlead.domain.health import HealthState
from fairlead.domain.ids import TaskId
from fairlead.usecases import target_states
from fairlead.usecases.context import Context


class BookedHealth:
    """As ports.health.Health says."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def found(self, task: TaskId, target: str, state: HealthState, reason: str) -> None:
        """Kept."""
        await self._context.database.run(lambda: target_states.found(self._context, task, target, state, reason))

    async def unhealthy(self, targets: Collection[str]) -> Mapping[str, str]:
        """As it was kept."""
        return await self._context.database.run(lambda: target_states.unhealthy(self._context, targets))
