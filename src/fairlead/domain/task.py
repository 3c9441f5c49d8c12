"""A task: any durable piece of work with a log, and the states it goes through."""

from __future__ import annotations

from enum import StrEnum


class TaskState(StrEnum):
    """Where a task is.

    queued → running → (undoing →) one of the ends. `unsettled` is no end: something could not be reached, the
    environment stays locked, and the task is taken up again when it can.
    """

    QUEUED = "queued"
    RUNNING = "running"
    UNDOING = "undoing"
    UNSETTLED = "unsettled"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self in ENDED


ENDED = frozenset(
    {TaskState.SUCCEEDED, TaskState.FAILED, TaskState.ROLLED_BACK, TaskState.CANCELLED, TaskState.SKIPPED}
)


class PhaseState(StrEnum):
    """Where a named step of a task is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"
    SKIPPED = "skipped"
