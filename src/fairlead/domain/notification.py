"""Whom to tell, and of what: mail addresses and webhooks, of one project or of the installation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from fairlead.domain.ids import ProjectId, SecretVersionId

NotificationKind: TypeAlias = Literal["mail", "webhook"]
EVENTS = (
    "approval.waiting",
    "certificate.expired",
    "certificate.expiring",
    "deployment.cancelled",
    "deployment.failed",
    "deployment.live",
    "deployment.rolled_back",
    "deployment.unsettled",
    "environment.not_running",
    "interruption.waiting",
    "key.expired",
    "key.expiring",
    "run.failed",
    "runbook.failed",
)
"""Everything that can be told; `*` asks for all of them."""
DEFAULT_EVENTS = (
    "deployment.failed",
    "deployment.rolled_back",
    "deployment.unsettled",
    "approval.waiting",
    "certificate.expired",
    "certificate.expiring",
    "environment.not_running",
    "interruption.waiting",
    "key.expired",
    "key.expiring",
    "run.failed",
    "runbook.failed",
)


@dataclass(frozen=True, slots=True)
class NotificationTarget:
    """`address` is a mail address or a URL; `project` None means every project; `secret` signs a webhook."""

    id: str
    kind: NotificationKind
    address: str
    created_at: datetime
    project: ProjectId | None = None
    events: tuple[str, ...] = DEFAULT_EVENTS
    secret: SecretVersionId | None = None
    revision: int = 1

    def wants(self, event: str) -> bool:
        """Whether this event is told here."""
        return event in self.events or "*" in self.events
