"""Questions to persons inside a task, as the engine puts them and reads the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from fairlead.domain.ids import TaskId
from fairlead.domain.interruption import Answered, Question


class Interruptions(Protocol):
    """One transaction a verb; the same when asked twice. An answer never changes once it is given."""

    async def open(self, task: TaskId, key: str, question: Question, *, step: str, instructions: str, why: str) -> None:
        """The question waits for an answer, once for each key; `instructions` with their variables put in."""
        ...

    async def answers(self, task: TaskId) -> Sequence[Answered]:
        """All that were given so far, those of time running out among them."""
        ...


class NobodyIsAsked:
    """Where plans ask nobody: runs, retention, commands."""

    async def open(self, task: TaskId, key: str, question: Question, *, step: str, instructions: str, why: str) -> None:
        """Never called."""
        raise AssertionError("there is nobody to ask")

    async def answers(self, task: TaskId) -> Sequence[Answered]:
        """There are none."""
        return ()
