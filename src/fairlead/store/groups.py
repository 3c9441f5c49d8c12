"""Project groups, and which projects are in them."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from fairlead.domain.group import Group
from fairlead.domain.ids import GroupId, ProjectId
from fairlead.store.projects import projects
from fairlead.store.schema import key, metadata, number, text
from fairlead.store.shelf import Page, Shelf

groups = sa.Table("groups", metadata, key(), text("name", unique=True), text("description"), number("revision"))

_shelf = Shelf(groups, Group, unknown="group.unknown", exists="group.exists")
insert, get, find, update, delete = _shelf.insert, _shelf.get, _shelf.find, _shelf.update, _shelf.delete


def by_name_or_id(connection: sa.Connection, text: str) -> Group:
    """As people and programs name it; NotFound `group.unknown`."""
    return _shelf.require(_shelf.find_named(connection, text), text)


def page(connection: sa.Connection, *, search: str = "", after: str | None = None, limit: int = 50) -> Page[Group]:
    """By name; `after` is the last name of the part before."""
    return _shelf.page_by_name(connection, search=search, after=after, limit=limit)


def all_of(connection: sa.Connection) -> tuple[Group, ...]:
    """All, by name."""
    return _shelf.where(connection, order=groups.c.name)


def names(connection: sa.Connection) -> dict[GroupId, str]:
    """Name of each, by id."""
    return {GroupId(id): name for id, name in connection.execute(sa.select(groups.c.id, groups.c.name))}


def projects_in(connection: sa.Connection, ids: Iterable[GroupId]) -> dict[GroupId, list[ProjectId]]:
    """The projects of each of these groups, in one look."""
    found: dict[GroupId, list[ProjectId]] = {id: [] for id in ids}
    statement = sa.select(projects.c.group, projects.c.id).where(projects.c.group.in_(list(found)))
    for group, project in connection.execute(statement.order_by(projects.c.name)):
        found[GroupId(group)].append(ProjectId(project))
    return found
