"""What is told of tasks, their logs and what they leave behind."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from fairlead.domain.task import PhaseState, TaskKind, TaskState
from fairlead.domain.test_report import CaseOutcome
from fairlead.ports.task_log import Level
from fairlead.server.api.answers.deployments import Unsettled
from fairlead.server.api.answers.lists import Moment


class Task(TypedDict):
    """Something durable that runs, or ran. `subject` is the deployment or run that it carries out."""

    id: str
    kind: TaskKind
    title: str
    subject: str
    project: str
    environment: str
    tenant: Annotated[str, Field(description='for whom; "": for no tenant')]
    concurrency_tags: Annotated[
        list[str],
        Field(description="one task at a time has each: its place's, and what Octopus.Task.ConcurrencyTag states"),
    ]
    state: TaskState
    has_ended: bool
    is_cancel_asked: bool
    reached: str
    code: str
    reason: str
    hint: str
    evidence: list[str]
    differences: list[str]
    created_at: Moment
    created_by: str
    begun_at: Moment | None
    ended_at: Moment | None


class TaskListed(Task):
    """A task as lists show it."""

    marked_as_failed: Annotated[str, Field(description="who said so after its deployment went live, and why")]


class Phase(TypedDict):
    """A named step of a task."""

    name: str
    title: str
    state: PhaseState
    reason: str
    begun_at: Moment | None
    ended_at: Moment | None


class Awaited(TypedDict):
    """A task that another one waits for; `has_it` false: it has not the tag either, but comes before it."""

    task: Annotated[str, Field(description='"": one that you may not see')]
    concurrency_tag: str
    has_it: bool
    said: Annotated[str, Field(description="the same in words")]


class TaskAlone(Task):
    """A task with its phases, and the facts that its steps noted."""

    phases: list[Phase]
    facts: dict[str, JsonValue]
    notes: list[str]
    warnings: list[str]
    plan_hash: str
    outcome: Annotated[str, Field(description="of a deployment that has ended: how; refused where nothing was begun")]
    unsettled: Unsettled | None
    waits_for: Annotated[list[Awaited], Field(description="behind whom it queues; empty where it is its turn")]


class Line(TypedDict):
    """A line of a task's log; numbered from 1, without gaps."""

    number: int
    at: Moment
    level: Level
    step: str
    target: str
    text: str


class Artifact(TypedDict):
    """Something that a task left behind."""

    name: str
    kind: str


class TestCase(TypedDict):
    """A test as its JUnit file reports it."""

    kind: Annotated[str, Field(description="pre-deployment, pre-integration, post-integration, …")]
    name: str
    outcome: CaseOutcome
    seconds: float
    message: str
    detail: str


class TestCases(TypedDict):
    """All of a task's tests, what failed first; `problems` are files that could not be read."""

    items: list[TestCase]
    next: None
    problems: list[str]
