"""A runbook: a process of a project that needs no release; what runs is its published snapshot."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from fairlead.domain.errors import Invalid
from fairlead.domain.ids import EnvironmentId, ProjectId, TaskId, TenantId
from fairlead.domain.names import can_be_asked_for
from fairlead.domain.process import DEPLOY_SERVICES, NO_CHOICE, Process, ProcessChoice
from fairlead.domain.project import Tenancy
from fairlead.domain.task import TaskState

LONGEST_NAME = 100
DEFAULT_KEPT_RUNS = 100
"""How many runs of a runbook are kept in each environment (and for each tenant), as in Octopus."""
MOST_KEPT_RUNS = 100_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was published: the process and the project's variables, as they were; `packages` name → version of
    those of the feed that it takes files from, `script_commits` action → commit of scripts from other
    repositories, `step_images` action → image of its container by digest. `at` is RFC 3339."""

    process: str
    variables: str
    at: str
    by: str
    packages: Mapping[str, str] = field(default_factory=dict)
    script_commits: Mapping[str, str] = field(default_factory=dict)
    step_images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Runbook:
    """No `environments`: all, or with `in_lifecycle` those of the project's lifecycle. `published` None: it cannot be
    run yet. `tenancy` None: the project's. Its draft is kept under its id among the processes."""

    id: str
    project: ProjectId
    name: str
    created_at: datetime
    description: str = ""
    environments: tuple[EnvironmentId, ...] = ()
    kept_runs: int = DEFAULT_KEPT_RUNS
    published: Snapshot | None = None
    created_by: str = ""
    revision: int = 1
    in_lifecycle: bool = False
    tenancy: Tenancy | None = None

    def may_run_in(self, environment: EnvironmentId, lifecycle: Container[EnvironmentId]) -> bool:
        """Whether it is allowed there; `lifecycle` are the environments of the project's."""
        if self.in_lifecycle:
            return environment in lifecycle
        return not self.environments or environment in self.environments


class Unbegun(StrEnum):
    """Where a run is that has no task: before its time has come, or where it ended without ever having begun."""

    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"
    REFUSED = "refused"


RunbookRunState: TypeAlias = TaskState | Unbegun
"""Where a run is: its task's state, once it has one."""


@dataclass(frozen=True, slots=True)
class RunbookRun:
    """One run of what was published then (for the tenant, None: for nobody), with the answers to what it asked for in
    the snapshot's variables; how it ended is its task's affair. `plan_hash` is the plan that was shown, and is the only
    one that runs; "": none was. It begins neither before `not_before` nor after `not_after`. Until its time has come it
    has no task: `unbegun` says where it is, and `ended_at`, `code`, `reason` and `hint` how it ended without one."""

    id: str
    number: int
    runbook: str
    project: ProjectId
    environment: EnvironmentId
    snapshot: Snapshot
    created_at: datetime
    task: TaskId | None
    created_by: str = ""
    freeze_override: str = ""
    choice: ProcessChoice = NO_CHOICE
    tenant: TenantId | None = None
    plan_hash: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    unbegun: Unbegun | None = None
    ended_at: datetime | None = None
    code: str = ""
    reason: str = ""
    hint: str = ""


def check(runbook: Runbook) -> Runbook:
    """Itself; Invalid `input.name` or `input.invalid`."""
    name = runbook.name
    if len(name) > LONGEST_NAME or not can_be_asked_for(name):
        raise Invalid("input.name", f"a runbook has a name of 1 to {LONGEST_NAME} characters, no slash", thing="name")
    if runbook.in_lifecycle and runbook.environments:
        message = "it runs in the environments of the lifecycle, or in those named"
        raise Invalid("input.invalid", message, thing="environments")
    if not 1 <= runbook.kept_runs <= MOST_KEPT_RUNS:
        raise Invalid("input.invalid", f"1 to {MOST_KEPT_RUNS:,} runs are kept", thing="kept_runs")
    return runbook


def check_process(process: Process) -> Process:
    """Itself; Invalid `runbook.services` where it would deploy the project's services."""
    for step, action in process.actions:
        if action.kind == DEPLOY_SERVICES:
            message = f"step {step.name} deploys services, which needs a release"
            raise Invalid("runbook.services", message, thing=action.name, hint="put it into the project's process")
    return process
