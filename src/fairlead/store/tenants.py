"""Tenants, and the sets of tags that they are told apart by."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from fairlead.domain.ids import ProjectId
from fairlead.domain.tenant import TagSet, Tenant
from fairlead.store.schema import data, key, metadata, number, text
from fairlead.store.shelf import Page, Shelf

tenants = sa.Table(
    "tenants",
    metadata,
    key(),
    text("name", unique=True),
    text("description"),
    data("tags"),
    data("connections"),
    number("revision"),
)
tag_sets = sa.Table(
    "tag_sets", metadata, key(), text("name", unique=True), data("tags"), text("description"), number("revision")
)

_shelf = Shelf(tenants, Tenant, unknown="tenant.unknown", exists="tenant.exists")
insert, get, find, update, delete = _shelf.insert, _shelf.get, _shelf.find, _shelf.update, _shelf.delete
many = _shelf.many
_sets = Shelf(tag_sets, TagSet, unknown="tenant.tag_set", exists="tenant.exists", noun="set of tags")
insert_set, update_set, delete_set = _sets.insert, _sets.update, _sets.delete


def all_of(connection: sa.Connection) -> tuple[Tenant, ...]:
    """All, by name."""
    return _shelf.where(connection, order=tenants.c.name)


def connected(connection: sa.Connection, project: ProjectId) -> tuple[Tenant, ...]:
    """Those that are connected to the project, wherever, by name."""
    named = sa.cast(tenants.c.connections, sa.Text).contains(f'"{project}"', autoescape=True)
    may_be = _shelf.where(
        connection, named, order=tenants.c.name
    )  # looking into the JSON of all takes ten times as long
    return tuple(one for one in may_be if project in one.connections)


def names(connection: sa.Connection, ids: Iterable[str] | None = None) -> dict[str, str]:
    """The names by id, by name: of all, for what asks which there are, or of these `ids`."""
    statement = sa.select(tenants.c.id, tenants.c.name).order_by(tenants.c.name)
    if ids is not None:
        wanted = set(ids)
        if not wanted:
            return {}
        statement = statement.where(tenants.c.id.in_(wanted))
    found = connection.execute(statement)
    return dict(found.all())


def page(connection: sa.Connection, *, after: str | None = None, limit: int = 50, search: str = "") -> Page[Tenant]:
    """By name, a part at a time; `search` is a part of the name."""
    return _shelf.page_by_name(connection, search=search, after=after, limit=limit)


def by_name_or_id(connection: sa.Connection, text: str) -> Tenant:
    """As people and programs name it; NotFound `tenant.unknown`."""
    return find(connection, text) or _shelf.require(find_by_name(connection, text), text)


def find_by_name(connection: sa.Connection, name: str) -> Tenant | None:
    """By name, whatever its case; None where there is none."""
    return _shelf.one(connection, sa.func.lower(tenants.c.name) == name.lower())


def sets(connection: sa.Connection) -> tuple[TagSet, ...]:
    """All sets of tags, by name."""
    return _sets.where(connection, order=tag_sets.c.name)


def set_named(connection: sa.Connection, name: str) -> TagSet:
    """The set of this name; NotFound `tenant.tag_set`."""
    return _sets.require(_sets.one(connection, sa.func.lower(tag_sets.c.name) == name.lower()), name)
