"""How running tasks found targets, kept as their health."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from fairlead.domain.health import HealthState
from fairlead.domain.ids import TargetId, TaskId
from fairlead.store import target_health
from fairlead.usecases import target_looks
from fairlead.usecases.context import Context


def found(context: Context, task: TaskId, target: str, state: HealthState, reason: str) -> None:
    """As ports.health says. One that is not well counts as not available, as Octopus's groups of events have it."""
    words = "" if state is HealthState.HEALTHY else f"{state.value}: {reason}"
    with context.database.transaction() as connection:
        target_looks.found(context, connection, TargetId(target), words, is_available=state.is_well)


def unhealthy(context: Context, targets: Collection[str]) -> Mapping[str, str]:
    """As ports.health says."""
    with context.database.reading() as connection:
        held = target_health.of(connection, [TargetId(id) for id in targets])
    return {id: one.reason for id, one in held.items() if target_looks.is_unwell(one)}
