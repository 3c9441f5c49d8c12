"""The queue where no server runs: it takes nothing."""

from __future__ import annotations

from fairlead.domain.errors import Conflict
from fairlead.domain.ids import TaskId


class NoQueue:
    """Of books that no server runs over (`usecases.context.Queue`)."""

    def enqueue(self, transaction: object, task: TaskId, *, again: int = 0) -> None:
        """Refused: nobody would ever take it."""
        raise Conflict("server.unreachable", "nothing can be queued without a server", hint="fairlead-server up")

    def wake(self) -> None:
        """Nobody sleeps."""
