"""An audit event: who did what to which thing, when, and what changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fairlead.domain.record import Json


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` is dotted, noun first (``approval.approved``); `thing` the id of what it is about; no secret value."""

    id: str
    at: datetime
    actor: str
    kind: str
    message: str
    thing: str = ""
    project: str | None = None
    environment: str | None = None
    tenant: str | None = None
    via: str = ""
    address: str = ""
    facts: Mapping[str, Json] = field(default_factory=dict)
