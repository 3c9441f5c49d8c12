"""Health: what a look at a target found, told to the books."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from fairlead.domain.health import HealthState
from fairlead.domain.ids import TaskId


class Health(Protocol):
    """One transaction a verb; the same when asked twice."""

    async def found(self, task: TaskId, target: str, state: HealthState, reason: str) -> None:
        """The target, by id, is so since it was looked at by that task; nothing for one that is not there any more."""
        ...

    async def unhealthy(self, targets: Collection[str]) -> Mapping[str, str]:
        """Those of the targets, by id, that answered their last health check and were not well, each with why."""
        ...


class NoHealth:
    """Where nobody keeps it."""

    async def found(self, task: TaskId, target: str, state: HealthState, reason: str) -> None:
        """Not kept."""

    async def unhealthy(self, targets: Collection[str]) -> Mapping[str, str]:
        """Nobody knows of any."""
        return {}
