"""Triggers of projects, and the record of each time that one was looked at."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.ids import ProjectId
from fairlead.domain.trigger import Evaluation, Trigger, TriggerEvent, TriggerKind
from fairlead.store.rows import insert_ignoring, to_row
from fairlead.store.schema import data, flag, instant, key, link, metadata, number, text
from fairlead.store.shelf import Page, Shelf

triggers = sa.Table(
    "triggers",
    metadata,
    key(),
    link("project", "projects.id"),
    text("name"),
    instant("created_at"),
    text("cron"),
    text("action"),
    text("zone"),
    link("source", "environments.id", nullable=True),
    link("destination", "environments.id", nullable=True),
    link("channel", "channels.id", nullable=True),
    flag("is_forced"),
    flag("is_enabled"),
    instant("next_at", nullable=True, index=True),
    text("created_by"),
    number("revision"),
    text("kind"),
    text("runbook", nullable=True),
    data("watches"),
    number("poll_s"),
    data("environments"),
    data("tags"),
    data("events"),
    data("tenants"),
    data("tenant_tags"),
    sa.UniqueConstraint("project", "name"),
    sa.Index("ix_triggers_kind", "kind"),
)
trigger_events = sa.Table(
    "trigger_events",
    metadata,
    key(),
    link("trigger", "triggers.id"),
    text("key"),
    instant("at"),
    text("said"),
    data("packages"),
    data("images"),
    text("target", nullable=True),
    data("environments"),
    instant("taken_at", nullable=True),
    sa.UniqueConstraint("trigger", "key"),
    sa.Index("ix_trigger_events_taken_at", "taken_at", "id"),
)
evaluations = sa.Table(
    "trigger_evaluations",
    metadata,
    key(),
    link("trigger", "triggers.id"),
    instant("at"),
    instant("due_at", nullable=True),
    flag("has_fired"),
    text("reason"),
    text("code"),
    text("hint"),
    text("deployment", nullable=True),
    text("run", nullable=True),
    text("event"),
    text("release", nullable=True),
    text("task", nullable=True),
    text("environment"),
    data("tenants"),
    sa.Index("ix_trigger_evaluations_trigger", "trigger", "id"),
)

_shelf = Shelf(triggers, Trigger, unknown="trigger.unknown", exists="trigger.exists")
insert, get, find, update = _shelf.insert, _shelf.get, _shelf.find, _shelf.update
_records = Shelf(evaluations, Evaluation, unknown="trigger.unknown")
record = _records.insert
_events = Shelf(trigger_events, TriggerEvent, unknown="trigger.unknown")

MOST_RECORDS = 1000
"""Of each trigger: a year of a daily one three times over."""
MOST_EVENTS = 5000
"""Of each trigger: what happened once and was looked at, so that a repeat is known."""


def of_project(connection: sa.Connection, project: ProjectId) -> tuple[Trigger, ...]:
    """All of the project's, by name."""
    return _shelf.where(connection, triggers.c.project == project, order=triggers.c.name)


def page(
    connection: sa.Connection, project: ProjectId, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[Trigger]:
    """The project's, by name, a part at a time; with `search` those that have it in their names."""
    fits = triggers.c.project == project
    return _shelf.page_by_name(connection, fits, search=search, after=after, limit=limit)


def all_of(connection: sa.Connection) -> tuple[Trigger, ...]:
    """Of all projects, by name."""
    return _shelf.where(connection, order=triggers.c.name)


def by_name_or_id(connection: sa.Connection, project: ProjectId, text: str) -> Trigger:
    """The project's, as people and programs name it; NotFound `trigger.unknown`."""
    c = triggers.c
    return _shelf.require(_shelf.one(connection, c.project == project, sa.or_(c.name == text, c.id == text)), text)


def of_kind(connection: sa.Connection, kind: TriggerKind) -> tuple[Trigger, ...]:
    """All projects', disabled ones too."""
    return _shelf.where(connection, triggers.c.kind == kind.value)


def of_runbook(connection: sa.Connection, runbook: str) -> tuple[Trigger, ...]:
    """Those that run it, by name."""
    return _shelf.where(connection, triggers.c.runbook == runbook, order=triggers.c.name)


def due(connection: sa.Connection, kind: TriggerKind, at: datetime, *, limit: int) -> tuple[Trigger, ...]:
    """Those whose time has come, the longest due first."""
    c = triggers.c
    return _shelf.where(connection, c.kind == kind.value, c.next_at <= at, order=(c.next_at, c.id), limit=limit)


def delete(connection: sa.Connection, id: str) -> None:
    """The trigger, its record and what happened to it are gone."""
    connection.execute(sa.delete(evaluations).where(evaluations.c.trigger == id))
    connection.execute(sa.delete(trigger_events).where(trigger_events.c.trigger == id))
    _shelf.delete(connection, id)


def happened(connection: sa.Connection, event: TriggerEvent) -> bool:
    """The trigger will be looked at for it; False, and nothing, where it was told of an event with that key before."""
    return insert_ignoring(connection, trigger_events, to_row(event))


def waiting(connection: sa.Connection, at: datetime, *, limit: int) -> tuple[TriggerEvent, ...]:
    """What happened until then and no trigger was looked at for yet, the oldest first."""
    c = trigger_events.c
    return _events.where(connection, c.taken_at.is_(None), c.at <= at, limit=limit)


def waiting_of(connection: sa.Connection, trigger: str) -> tuple[TriggerEvent, ...]:
    """What happened and this one was not looked at for yet, the oldest first."""
    c = trigger_events.c
    return _events.where(connection, c.taken_at.is_(None), c.trigger == trigger)


def take(connection: sa.Connection, event: TriggerEvent, at: datetime) -> bool:
    """It is looked at now; False where it was before."""
    c = trigger_events.c
    return _events.change(connection, event.id, c.taken_at.is_(None), taken_at=at)


def evaluated(
    connection: sa.Connection, trigger: str, *, has_fired: bool | None = None, after: str | None = None, limit: int = 50
) -> Page[Evaluation]:
    """The record of a trigger, the newest first."""
    conditions = [evaluations.c.trigger == trigger]
    conditions += [] if has_fired is None else [evaluations.c.has_fired == has_fired]
    return _records.page(connection, *conditions, after=after, limit=limit)


def newest_evaluated(
    connection: sa.Connection, ids: Iterable[str], *, limit: int = 1
) -> dict[str, tuple[Evaluation, ...]]:
    """The newest part of the record of each of these triggers, by its id, the newest first; one query."""
    return _records.newest_of_each(connection, "trigger", ids, limit=limit)


def forget_old(connection: sa.Connection, trigger: str) -> None:
    """Of its record only the newest stay."""
    c = evaluations.c
    newest = sa.select(c.id).where(c.trigger == trigger).order_by(c.id.desc()).limit(MOST_RECORDS)
    kept = connection.execute(newest).scalars().all()
    if len(kept) == MOST_RECORDS:
        connection.execute(sa.delete(evaluations).where(c.trigger == trigger, c.id < kept[-1]))
    e = trigger_events.c
    taken = sa.select(e.id).where(e.trigger == trigger, e.taken_at.is_not(None))
    oldest = connection.execute(taken.order_by(e.id.desc()).offset(MOST_EVENTS).limit(1)).scalar()
    if oldest is not None:
        connection.execute(
            sa.delete(trigger_events).where(e.trigger == trigger, e.id <= oldest, e.taken_at.is_not(None))
        )
