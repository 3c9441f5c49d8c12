"""An approval: a question to a person about one deployment. A row, not a running workflow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fairlead.domain.ids import ApprovalId, DeploymentId, EnvironmentId, ProjectId, TenantId

LONGEST_WAIT_S = 365 * 86_400
"""For an answer, where it is bounded: a year, as for manual interventions."""


class ApprovalState(StrEnum):
    """`superseded`: a newer release reached the same gate, or the deployment ended otherwise. `expired`: nobody
    answered in the time that the phase gives."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Approval:
    """`plan_hash` is what was shown and is answered to (law 4). From `expires_at` on nobody can answer any more; None:
    it waits for ever."""

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
    expires_at: datetime | None = None
