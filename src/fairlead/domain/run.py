"""A run: the pipeline task that turns a commit into a release."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from fairlead.domain.ids import ProjectId, ReleaseId, RunId, TaskId


class RunState(StrEnum):
    """`skipped`: a newer head came before it began; `reason` names it."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self not in (RunState.QUEUED, RunState.RUNNING)


RunCause: TypeAlias = Literal["webhook", "poll", "person", "registry"]


@dataclass(frozen=True, slots=True)
class Run:
    """`number` counts from 1 in the project; `cause` says what made us look."""

    id: RunId
    number: int
    project: ProjectId
    branch: str
    commit: str
    created_at: datetime
    cause: RunCause = "person"
    previous_commit: str = ""
    subject: str = ""
    author: str = ""
    state: RunState = RunState.QUEUED
    task: TaskId | None = None
    release: ReleaseId | None = None
    created_by: str = ""
    ended_at: datetime | None = None
    code: str = ""
    reason: str = ""
    revision: int = 1
