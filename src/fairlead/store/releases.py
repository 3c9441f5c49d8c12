"""Releases of projects."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from fairlead.domain.ids import ChannelId, ProjectId, ReleaseId, TaskId
from fairlead.domain.release import Release
from fairlead.domain.release_number import Made
from fairlead.store.channels import channels
from fairlead.store.rows import to_row
from fairlead.store.schema import data, instant, key, link, metadata, number, text
from fairlead.store.shelf import Page, Shelf, holding

releases = sa.Table(
    "releases",
    metadata,
    key(),
    link("project", "projects.id"),
    link("channel", "channels.id"),
    text("version"),
    instant("created_at"),
    data("images"),
    text("test_image"),
    text("commit"),
    text("branch"),
    data("changes"),
    data("files"),
    text("folder"),
    text("variables"),
    text("process"),
    text("run", nullable=True),
    text("created_by"),
    text("notes"),
    data("warnings"),
    data("packages"),
    data("script_commits"),
    data("step_images"),
    number("revision"),
    text("task", nullable=True, unique=True),
    sa.UniqueConstraint("project", "version"),
    sa.Index("ix_releases_project_id", "project", "id"),
)

_shelf = Shelf(releases, Release, unknown="release.unknown", exists="release.exists")
insert, get, find, update, delete = _shelf.insert, _shelf.get, _shelf.find, _shelf.update, _shelf.delete
many = _shelf.many


def insert_for_task(connection: sa.Connection, release: Release, task: TaskId) -> None:
    """A release that the task made; there is one for each task at most."""
    connection.execute(sa.insert(releases).values(**to_row(release), task=task))


def of_task(connection: sa.Connection, task: TaskId) -> Release | None:
    """The release that the task made; None where it has made none."""
    return _shelf.one(connection, releases.c.task == task)


def by_version(connection: sa.Connection, project: ProjectId, version: str) -> Release:
    """The project's release of this version; NotFound `release.unknown`."""
    return _shelf.require(find_by_version(connection, project, version), version)


def find_by_version(connection: sa.Connection, project: ProjectId, version: str) -> Release | None:
    """The project's release of this version; None where there is none."""
    return _shelf.one(connection, releases.c.project == project, releases.c.version == version)


def by_version_or_id(connection: sa.Connection, project: ProjectId, text: str) -> Release:
    """As people and programs name it; NotFound `release.unknown`."""
    found = _shelf.one(connection, releases.c.project == project, releases.c.id == text)
    return found or by_version(connection, project, text)


def latest(connection: sa.Connection, project: ProjectId, channel: ChannelId | None = None) -> Release | None:
    """The one made last, with `channel` of that one; None where there is none."""
    here = [releases.c.project == project] + ([] if channel is None else [releases.c.channel == channel])
    found = _shelf.where(connection, *here, order=releases.c.id.desc(), limit=1)
    return found[0] if found else None


def before(connection: sa.Connection, release: Release) -> Release | None:
    """The project's release that was made last before this one; None where there is none."""
    earlier = (releases.c.project == release.project, releases.c.id < release.id)
    found = _shelf.where(connection, *earlier, order=releases.c.id.desc(), limit=1)
    return found[0] if found else None


def first_at(connection: sa.Connection) -> datetime | None:
    """When the first of all releases was made; None where there is none."""
    found: datetime | None = connection.execute(sa.select(sa.func.min(releases.c.created_at))).scalar()
    return found


def all_of(connection: sa.Connection, project: ProjectId) -> tuple[Release, ...]:
    """All of the project's, the newest first."""
    return _shelf.where(connection, releases.c.project == project, order=releases.c.id.desc())


def delete_row(connection: sa.Connection, id: ReleaseId) -> bool:
    """The row alone; whether there was one. IntegrityError where something refers to it."""
    return connection.execute(sa.delete(releases).where(releases.c.id == id)).rowcount == 1


def page(
    connection: sa.Connection,
    *,
    project: ProjectId | None = None,
    channel: ChannelId | None = None,
    search: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page[Release]:
    """The newest first; of one project, or of all, of one channel, with this in its version."""
    equal = {"project": project, "channel": channel}
    return _shelf.page(connection, *holding(releases.c.version, search), equal=equal, after=after, limit=limit)


def newest(connection: sa.Connection, project: ProjectId, count: int) -> tuple[Release, ...]:
    """So many of the project, the one made last first."""
    return _shelf.where(connection, releases.c.project == project, order=releases.c.id.desc(), limit=count)


def versions_by_id(connection: sa.Connection, ids: Iterable[str]) -> dict[ReleaseId, str]:
    """The version of each of them that there is, and no more of it: notes and files may be large. One query."""
    wanted = set(ids)
    if not wanted:
        return {}
    found = connection.execute(_versions(), {"ids": list(wanted)})
    return {ReleaseId(id): version for id, version in found.all()}


@cache
def _versions() -> sa.Select[Any]:
    ids: sa.BindParameter[str] = sa.bindparam("ids", expanding=True)
    return sa.select(releases.c.id, releases.c.version).where(releases.c.id.in_(ids))


def made(connection: sa.Connection, project: ProjectId) -> tuple[Made, ...]:
    """Version and channel's name of each of the project's, in the order of making."""
    statement = (
        sa.select(releases.c.version, channels.c.name)
        .join(channels, channels.c.id == releases.c.channel)
        .where(releases.c.project == project)
        .order_by(releases.c.id)
    )
    return tuple(Made(version, channel) for version, channel in connection.execute(statement))


def name_package(connection: sa.Connection, name: str, version: str) -> bool:
    """Whether a release names the package of this id, whatever its case, and version."""
    held = connection.execute(sa.select(releases.c.packages)).scalars()
    return any(found.get(key) == version for found in held for key in found if key.lower() == name.lower())


def packages_named(connection: sa.Connection) -> frozenset[tuple[str, str]]:
    """Name in lower case and version of every package that a release names."""
    held = connection.execute(sa.select(releases.c.packages)).scalars()
    return frozenset((name.lower(), version) for found in held for name, version in found.items())


def in_channel(connection: sa.Connection, channel: ChannelId) -> tuple[tuple[ReleaseId, str], ...]:
    """Id and version of each that was made in the channel."""
    statement = sa.select(releases.c.id, releases.c.version).where(releases.c.channel == channel)
    return tuple((ReleaseId(id), version) for id, version in connection.execute(statement))


def are_in(connection: sa.Connection, channel: ChannelId) -> bool:
    """Whether the channel has a release."""
    return _shelf.one(connection, releases.c.channel == channel) is not None


def naming_blob(key: str) -> sa.Exists:
    """That the files of a release name these bytes. A key is looked for in the text as it is kept: it has nothing in it
    that JSON spells otherwise."""
    return sa.exists().where(sa.cast(releases.c.files, sa.Text).contains(key, autoescape=True))
