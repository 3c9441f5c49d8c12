"""A deployment: one release going to one environment (and tenant), and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from fairlead.domain.colour import Colour
from fairlead.domain.ids import DeploymentId, EnvironmentId, ProjectId, ReleaseId, TaskId, TenantId
from fairlead.domain.process import NO_CHOICE, ProcessChoice


class DeploymentState(StrEnum):
    """Where a deployment is. It is carried by a task from `queued` on; before it is a row that takes no turn.

    waiting (for an approval) → scheduled (for its time) → queued → running → ended; `paused` is running that waits for
    a person or for a deployment that it asked for, `unsettled` is running that could not reach something.
    """

    WAITING = "waiting"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    UNSETTLED = "unsettled"
    ENDED = "ended"


class DeploymentOutcome(StrEnum):
    """How a deployment ended; "" while it has not.

    live         past its commit point: the release is what users reach (or was, until the next)
    rolled_back  something failed after it began; all is as it was
    failed       something failed after it began, and there was nothing to take back
    refused      something said no before anything was begun (room, policy, plan changed, lifecycle)
    cancelled    a person stopped it; all is as it was
    rejected     a person said no to its approval
    superseded   a newer one took its place before it began
    nothing      it would have changed nothing
    """

    NONE = ""
    LIVE = "live"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    NOTHING = "nothing"

    @property
    def words(self) -> str:
        """What is said of a deployment that ended so: `is rolled back`, `failed`."""
        plain = self.value.replace("_", " ")
        return plain if self is DeploymentOutcome.FAILED else f"is {plain}"


DeploymentKind: TypeAlias = Literal["deployment", "rollback"]


@dataclass(frozen=True, slots=True)
class Deployment:
    """`number` counts from 1 in the project and environment. `variables` is the snapshot that it was planned with.

    `committed_at` is the commit point (law 2), written with the slots in one transaction by ports.records.
    `code`, `reason` and `hint` say why it ended as it did; `reached` the last phase that ended well. `parent` is the
    task whose step asked for it, and waits for its end; `parent_key` which step of it, and attempt. It begins neither
    before `not_before` nor after `not_after`. `freeze_override` is the reason why freezes do not bind it; where it
    `waits_for_thaw`, a freeze does not refuse it but holds it back: `held_by` is that freeze's name, until it ends.
    Where it fails, its idle slot is left standing for `keep_failed_s`: asked for before it had a task. `marked_by`
    said, after it went live, that it failed all the same, and `marked_why`: a record, by which insights alone go.
    """

    id: DeploymentId
    number: int
    project: ProjectId
    release: ReleaseId
    environment: EnvironmentId
    created_at: datetime
    tenant: TenantId | None = None
    kind: DeploymentKind = "deployment"
    state: DeploymentState = DeploymentState.QUEUED
    outcome: DeploymentOutcome = DeploymentOutcome.NONE
    variables: str = ""
    plan_hash: str = ""
    colour: Colour | None = None
    task: TaskId | None = None
    created_by: str = ""
    approved_by: str = ""
    is_forced: bool = False
    recreate_accessories: tuple[str, ...] = ()
    choice: ProcessChoice = NO_CHOICE
    committed_at: datetime | None = None
    ended_at: datetime | None = None
    switched: bool = False
    reached: str = ""
    code: str = ""
    reason: str = ""
    hint: str = ""
    revision: int = 1
    not_before: datetime | None = None
    not_after: datetime | None = None
    freeze_override: str = ""
    parent: TaskId | None = None
    parent_key: str = ""
    waits_for_thaw: bool = False
    held_by: str = ""
    keep_failed_s: float = 0.0
    keep_asked_by: str = ""
    marked_at: datetime | None = None
    marked_by: str = ""
    marked_why: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state is DeploymentState.ENDED


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest deployment of a place, as what shows hundreds of places needs it; its release's version with it."""

    id: DeploymentId
    version: str
    state: DeploymentState
    outcome: DeploymentOutcome
    task: TaskId | None
    reason: str
    ended_at: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state is DeploymentState.ENDED


@dataclass(frozen=True, slots=True)
class Committed:
    """The deployment of a place that went live last, as what shows hundreds of places needs it."""

    id: DeploymentId
    kind: DeploymentKind
    release: ReleaseId
    version: str
    committed_at: datetime
