"""Channels of projects."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead.domain.channel import Channel
from fairlead.domain.ids import LifecycleId, ProjectId
from fairlead.store.schema import data, flag, key, link, metadata, number, text
from fairlead.store.shelf import Page, Shelf

channels = sa.Table(
    "channels",
    metadata,
    key(),
    link("project", "projects.id"),
    text("name"),
    link("lifecycle", "lifecycles.id", nullable=True),
    flag("is_default"),
    text("description"),
    data("rules"),
    data("tenant_tags"),
    number("revision"),
    sa.UniqueConstraint("project", "name"),
)

_shelf = Shelf(channels, Channel, unknown="channel.unknown", exists="channel.exists")
insert, get, find, update, delete = _shelf.insert, _shelf.get, _shelf.find, _shelf.update, _shelf.delete


def all_of(connection: sa.Connection) -> tuple[Channel, ...]:
    """Of every project, in the order of making."""
    return _shelf.where(connection)


def of_project(connection: sa.Connection, project: ProjectId) -> tuple[Channel, ...]:
    """All of the project's, the default first."""
    return _shelf.where(
        connection, channels.c.project == project, order=(channels.c.is_default.desc(), channels.c.name)
    )


def default_of(connection: sa.Connection, project: ProjectId) -> Channel:
    """The project's default channel; NotFound `channel.unknown`."""
    found = _shelf.one(connection, channels.c.project == project, channels.c.is_default)
    return _shelf.require(found, "of the project")


def with_lifecycle(connection: sa.Connection, lifecycle: LifecycleId) -> tuple[Channel, ...]:
    """Those that name it as their own."""
    return _shelf.where(connection, channels.c.lifecycle == lifecycle)


def by_name_or_id(connection: sa.Connection, project: ProjectId, text: str) -> Channel:
    """As people and programs name it, whatever the case; NotFound `channel.unknown`."""
    c = channels.c
    found = _shelf.one(connection, c.project == project, c.id == text)
    return found or _shelf.require(
        _shelf.one(connection, c.project == project, sa.func.lower(c.name) == text.lower()), text
    )


def page(
    connection: sa.Connection, project: ProjectId, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[Channel]:
    """The project's, by name."""
    fits = channels.c.project == project
    return _shelf.page_by_name(connection, fits, search=search, after=after, limit=limit)
