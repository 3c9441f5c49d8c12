"""How running tasks found targets, kept as their health."""

from __future__ import annotations

from fairlead.domain.health import HealthState
from fairlead.domain.ids import TargetId, TaskId
from fairlead.usecases import target_looks
from fairlead.usecases.context import Context


def found(context: Context, task: TaskId, target: str, state: HealthState, reason: str) -> None:
    """As ports.health says. One that is not well counts as not available, as Octopus's groups of events have it."""
    words = "" if state is HealthState.HEALTHY else f"{state.value}: {reason}"
    with context.database.transaction() as connection:
        target_looks.found(context, connection, TargetId(target), words, is_available=state.is_well)
