"""How running tasks found targets, kept as their health."""

from __future__ import annotations

from fairlead.domain.health import HealthState
from fairlead.domain.ids import TaskId
from fairlead.domain.target import TargetHealth
from fairlead.store import target_health, targets
from fairlead.usecases.context import Context

LONGEST_REASON = 1000


def found(context: Context, task: TaskId, target: str, state: HealthState, reason: str) -> None:
    """As ports.health says. One that is not well counts as not available, as Octopus's groups of events have it."""
    with context.database.transaction() as connection:
        held = targets.find(connection, target)
        if held is None:
            return
        now = context.clock.now()
        before = target_health.of(connection, [held.id]).get(held.id)
        since = before.since if before is not None and before.is_available == state.is_well else now
        words = "" if state is HealthState.HEALTHY else f"{state.value}: {reason}"[:LONGEST_REASON]
        target_health.put(connection, TargetHealth(held.id, state.is_well, now, since, words))
