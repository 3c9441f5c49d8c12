"""Health: what a look at a target found, told to the books."""

from __future__ import annotations

from typing import Protocol

from fairlead.domain.health import HealthState
from fairlead.domain.ids import TaskId


class Health(Protocol):
    """One transaction a verb; the same when asked twice."""

    async def found(self, task: TaskId, target: str, state: HealthState, reason: str) -> None:
        """The target, by id, is so since it was looked at by that task; nothing for one that is not there any more."""
        ...


class NoHealth:
    """Where nobody keeps it."""

    async def found(self, task: TaskId, target: str, state: HealthState, reason: str) -> None:
        """Not kept."""
