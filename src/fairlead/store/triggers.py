"""Triggers of projects, and the record of each time that one was looked at."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.ids import ProjectId
from fairlead.domain.trigger import Evaluation, Trigger
from fairlead.store.schema import flag, instant, key, link, metadata, number, text
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
    sa.UniqueConstraint("project", "name"),
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
    sa.Index("ix_trigger_evaluations_trigger", "trigger", "id"),
)

_shelf = Shelf(triggers, Trigger, unknown="trigger.unknown", exists="trigger.exists")
insert, get, find, update = _shelf.insert, _shelf.get, _shelf.find, _shelf.update
_records = Shelf(evaluations, Evaluation, unknown="trigger.unknown")
record = _records.insert

MOST_RECORDS = 1000
"""Of each trigger: a year of a daily one three times over."""


def of_project(connection: sa.Connection, project: ProjectId) -> tuple[Trigger, ...]:
    """All of the project's, by name."""
    return _shelf.where(connection, triggers.c.project == project, order=triggers.c.name)


def all_of(connection: sa.Connection) -> tuple[Trigger, ...]:
    """Of all projects, by name."""
    return _shelf.where(connection, order=triggers.c.name)


def by_name_or_id(connection: sa.Connection, project: ProjectId, text: str) -> Trigger:
    """The project's, as people and programs name it; NotFound `trigger.unknown`."""
    c = triggers.c
    return _shelf.require(_shelf.one(connection, c.project == project, sa.or_(c.name == text, c.id == text)), text)


def due(connection: sa.Connection, at: datetime, *, limit: int) -> tuple[Trigger, ...]:
    """Those whose time has come, the longest due first."""
    return _shelf.where(connection, triggers.c.next_at <= at, order=(triggers.c.next_at, triggers.c.id), limit=limit)


def delete(connection: sa.Connection, id: str) -> None:
    """The trigger and its record are gone."""
    connection.execute(sa.delete(evaluations).where(evaluations.c.trigger == id))
    _shelf.delete(connection, id)


def evaluated(
    connection: sa.Connection, trigger: str, *, after: str | None = None, limit: int = 50
) -> Page[Evaluation]:
    """The record of a trigger, the newest first."""
    return _records.page(connection, evaluations.c.trigger == trigger, after=after, limit=limit)


def forget_old(connection: sa.Connection, trigger: str) -> None:
    """Of its record only the newest stay."""
    c = evaluations.c
    newest = sa.select(c.id).where(c.trigger == trigger).order_by(c.id.desc()).limit(MOST_RECORDS)
    kept = connection.execute(newest).scalars().all()
    if len(kept) == MOST_RECORDS:
        connection.execute(sa.delete(evaluations).where(c.trigger == trigger, c.id < kept[-1]))
