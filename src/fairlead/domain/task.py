"""A task: any durable piece of work with a log, and the states it goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from fairlead.domain.concurrency import place_tag
from fairlead.domain.ids import NodeId, TaskId
from fairlead.domain.record import Json


class TaskState(StrEnum):
    """Where a task is.

    queued → running → (undoing →) one of the ends. `paused`: a person is waited for, and nothing runs. `unsettled` is
    no end: something could not be reached, the environment stays locked, and the task is taken up again when it can.
    """

    QUEUED = "queued"
    RUNNING = "running"
    UNDOING = "undoing"
    PAUSED = "paused"
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
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    UNDONE = "undone"
    SKIPPED = "skipped"


TaskKind: TypeAlias = Literal[
    "deployment", "rollback", "run", "retention", "runbook", "retirement", "command", "health", "other"
]


@dataclass(frozen=True, slots=True)
class Task:
    """One row of the book of tasks. `subject` is the id of the deployment or run that it carries out.

    `project`, `environment` and `tenant` are the place whose turn it needs (law 6), by name as ports.catalogue.Place
    has them; all empty where it needs none. `concurrency_tag` is what a variable states ("": nothing beside the place).
    Its frozen plan is kept apart (ports.tasks). `code`, `reason`, `hint`, `evidence` and `differences` say how it
    ended. `again` counts how often it went on after a pause.
    """

    id: TaskId
    kind: TaskKind
    title: str
    created_at: datetime
    subject: str = ""
    project: str = ""
    environment: str = ""
    tenant: str | None = None
    state: TaskState = TaskState.QUEUED
    node: NodeId | None = None
    input: Mapping[str, Json] = field(default_factory=dict)
    created_by: str = ""
    begun_at: datetime | None = None
    ended_at: datetime | None = None
    cancel_asked_at: datetime | None = None
    cancel_asked_by: str = ""
    plan_hash: str = ""
    reached: str = ""
    code: str = ""
    reason: str = ""
    hint: str = ""
    evidence: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    again: int = 0
    concurrency_tag: str = ""

    @property
    def tags(self) -> tuple[str, ...]:
        """The concurrency tags that it must have, alone, to run; none where it needs no turn.

        The place's is never given up for a stated one (law 6), but by a runbook: it swaps nothing.
        """
        if not self.project:
            return ()
        place, stated = place_tag(self.project, self.environment, self.tenant), self.concurrency_tag
        if not stated or stated == place:
            return (place,)
        return (stated,) if self.kind == "runbook" else (place, stated)

    @property
    def is_cancel_asked(self) -> bool:
        """Whether a person asked to cancel it."""
        return self.cancel_asked_at is not None


@dataclass(frozen=True, slots=True)
class TaskPhase:
    """A named step of a task, as people see it; `position` is its place in the plan."""

    task: TaskId
    name: str
    title: str
    position: int
    state: PhaseState = PhaseState.WAITING
    reason: str = ""
    begun_at: datetime | None = None
    ended_at: datetime | None = None
