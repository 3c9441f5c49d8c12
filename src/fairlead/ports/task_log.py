"""The live, persistent log of a task: what a person reads while it runs and years later."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from fairlead.domain.ids import TaskId

Level = Literal["debug", "info", "highlight", "wait", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `number` counts from 1 within the task, without gaps."""

    number: int
    at: datetime
    level: Level
    step: str
    target: str
    text: str


class TaskLog(Protocol):
    """Append-only, numbered, resumable from any number; kept outside the durable engine's tables (law 8 masks first).

    Writers hand over a line and go on: lines are batched (at most 250 ms or 200 lines) and masked before they are
    kept, so the last quarter of a second may be lost with a killed process, never torn. A line longer than 8 KiB is
    cut and says so; a task keeps at most 200,000 lines, the rest is counted in one closing line.
    """

    def write(self, task: TaskId, level: Level, step: str, text: str, *, target: str = "") -> None:
        """Hand over one line (line breaks inside it make several). Never blocks, never raises."""
        ...

    async def flush(self, task: TaskId) -> None:
        """Return when all that was handed over for the task is kept."""
        ...

    async def read(self, task: TaskId, *, after: int = 0, limit: int = 1000) -> Sequence[Line]:
        """The lines with a number over `after`, in order, at most `limit`."""
        ...

    def follow(self, task: TaskId, *, after: int = 0) -> AsyncIterator[Line]:
        """All lines over `after`, then new ones as they come; ends when the task has ended and all is told."""
        ...
