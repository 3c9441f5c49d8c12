"""An approval: a question to a person about one deployment. A row, not a running workflow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fairlead.domain.ids import ApprovalId, DeploymentId, EnvironmentId, ProjectId, TenantId


class ApprovalState(StrEnum):
    """`superseded`: a newer release reached the same gate, or the deployment ended otherwise."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Approval:
    """`plan_hash` is what was shown and is answered to (law 4)."""

    id: ApprovalId
    deployment: DeploymentId
    project: ProjectId
    environment: EnvironmentId
    plan_hash: str
    created_at: datetime
    tenant: TenantId | None = None
    state: ApprovalState = ApprovalState.WAITING
    answered_at: datetime | None = None
    answered_by: str = ""
    note: str = ""
    revision: int = 1
