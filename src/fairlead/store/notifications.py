"""Whom to tell."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead.domain.ids import ProjectId
from fairlead.domain.notification import NotificationTarget
from fairlead.store.schema import data, instant, key, link, metadata, number, text
from fairlead.store.shelf import Shelf

notification_targets = sa.Table(
    "notification_targets",
    metadata,
    key(),
    text("kind"),
    text("address"),
    instant("created_at"),
    link("project", "projects.id", nullable=True, index=True),
    data("events"),
    link("secret", "secret_versions.id", nullable=True),
    number("revision"),
)

_shelf = Shelf(notification_targets, NotificationTarget, unknown="notification.unknown")
insert, get, find, update, delete = _shelf.insert, _shelf.get, _shelf.find, _shelf.update, _shelf.delete


def all_of(connection: sa.Connection) -> tuple[NotificationTarget, ...]:
    """All, in the order of making."""
    return _shelf.where(connection)


def wanting(connection: sa.Connection, project: ProjectId | None, event: str) -> tuple[NotificationTarget, ...]:
    """Those of the project (None: of no project) and of the installation that want to be told of the event."""
    c = notification_targets.c
    found = _shelf.where(connection, sa.or_(c.project == project, c.project.is_(None)))
    return tuple(target for target in found if target.wants(event))
