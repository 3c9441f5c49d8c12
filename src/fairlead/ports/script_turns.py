"""Script turns: one script at a time on a target, whichever project it is of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fairlead.domain.ids import TaskId


@dataclass(frozen=True, slots=True)
class InTheWay:
    """The task whose script is waited for; `is_running`: it runs now, else it came earlier and waits itself."""

    task: TaskId
    title: str
    is_running: bool


class ScriptTurns(Protocol):
    """One transaction a verb; the same when asked twice. A script is known by its task and its effect's key.

    Whoever may not run yet asks again, after a while, and keeps its place in the line meanwhile; over a death of the
    server, too, for a script goes on without it. What a task that has ended, is paused or stands unsettled has not
    given back is in nobody's way.
    """

    async def ask(self, task: TaskId, key: str, target: str, *, bypasses: bool = False) -> InTheWay | None:
        """None: it may run now. `domain.script_turn` says when; `bypasses` counts as it was at the first asking."""
        ...

    async def give_back(self, task: TaskId, key: str) -> None:
        """It runs no more, or does not want to; nothing where it never asked."""
        ...


class NoScriptTurns:
    """Where nobody else could be in the way."""

    async def ask(self, task: TaskId, key: str, target: str, *, bypasses: bool = False) -> InTheWay | None:
        """It may."""
        return None

    async def give_back(self, task: TaskId, key: str) -> None:
        """Nothing was taken."""
