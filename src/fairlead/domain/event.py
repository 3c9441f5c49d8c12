"""An audit event: who did what to which thing, when, and what changed; each holds the hash of the one before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime

from fairlead.domain.record import Json, fingerprint


@dataclass(frozen=True, slots=True)
class Change:
    """A part of a thing that differs; None: it was, or is, not there. Of a secret only that it changed is kept."""

    path: str
    old: str | None = None
    new: str | None = None
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` is dotted, noun first (``approval.approved``); `thing` the id of what it is about; no secret value.

    `sequence` counts from 1 without gaps; `hash` is taken over everything else, `previous` (the hash of the event
    before; "" for the first) among it.
    """

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
    difference: tuple[Change, ...] = ()
    sequence: int = 0
    previous: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Where the audit is not as it was written: the number and id of the event ("" where it is not there), and why."""

    sequence: int
    event: str
    reason: str


def chained(event: Event, sequence: int, previous: str) -> Event:
    """The event as it is kept behind the one whose hash is `previous`."""
    placed = replace(event, sequence=sequence, previous=previous, hash="")
    return replace(placed, hash=hash_of(placed))


def hash_of(event: Event) -> str:
    """SHA-256 over the canonical spelling of all its fields but the hash."""
    return fingerprint(content_of(event))


def content_of(event: Event) -> dict[str, Json]:
    """What the hash is taken of: every field but the hash, the time in RFC 3339, as the export writes it."""
    content: dict[str, Json] = {
        item.name: getattr(event, item.name)
        for item in fields(event)
        if item.name not in ("hash", "at", "facts", "difference")
    }
    differing: list[Json] = [
        {"path": one.path, "old": one.old, "new": one.new, "is_secret": one.is_secret} for one in event.difference
    ]
    return {**content, "at": event.at.isoformat(), "facts": dict(event.facts), "difference": differing}


def fault_of(event: Event, before: Event | None) -> Fault | None:
    """What is wrong with the event, which comes right behind `before` (None: it is the first); None where nothing."""
    if event.hash != hash_of(event):
        return Fault(event.sequence, event.id, "it was changed after it was written")
    expected = (before.sequence if before else 0) + 1
    if event.sequence != expected:
        missing = f"{expected}" if event.sequence == expected + 1 else f"{expected} to {event.sequence - 1}"
        return Fault(expected, "", f"{missing} is missing before {event.id}")
    if event.previous != (before.hash if before else ""):
        return Fault(
            event.sequence, event.id, "it does not follow from the event before it: one of the two was replaced"
        )
    return None
