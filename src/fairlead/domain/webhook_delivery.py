"""A webhook's delivery: it only says *look*, and each is acted upon once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fairlead.domain.ids import ProjectId

LOOK = "look"
"""The outcome of a delivery that says that there is something new."""


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """`key` is the sender's delivery id (or the body's hash where it sends none), unique for each webhook."""

    id: str
    webhook: str
    key: str
    received_at: datetime
    project: ProjectId | None = None
    kind: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class SeenHead:
    """A branch head that a run was started for; the same head starts no second one by itself."""

    project: ProjectId
    branch: str
    commit: str
    seen_at: datetime
    run: str = ""
