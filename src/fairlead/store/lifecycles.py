"""Lifecycles, which projects share."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead.domain.lifecycle import Lifecycle
from fairlead.store.schema import data, key, metadata, number, text
from fairlead.store.shelf import Page, Shelf

lifecycles = sa.Table(
    "lifecycles",
    metadata,
    key(),
    text("name", unique=True),
    data("phases"),
    number("revision"),
    text("description"),
    data("releases"),
    data("files"),
)

_shelf = Shelf(lifecycles, Lifecycle, unknown="lifecycle.unknown", exists="lifecycle.exists")
insert, get, find, update, delete = _shelf.insert, _shelf.get, _shelf.find, _shelf.update, _shelf.delete


def all_of(connection: sa.Connection) -> tuple[Lifecycle, ...]:
    """All, by name."""
    return _shelf.where(connection, order=lifecycles.c.name)


def page(connection: sa.Connection, *, search: str = "", after: str | None = None, limit: int = 50) -> Page[Lifecycle]:
    """By name, a part at a time; with `search` those that have it in their names."""
    return _shelf.page_by_name(connection, search=search, after=after, limit=limit)


def by_name(connection: sa.Connection, name: str) -> Lifecycle:
    """By name; NotFound `lifecycle.unknown`."""
    return _shelf.require(_shelf.one(connection, lifecycles.c.name == name), name)


def by_name_or_id(connection: sa.Connection, text: str) -> Lifecycle:
    """As people and programs name it; NotFound `lifecycle.unknown`."""
    return find(connection, text) or by_name(connection, text)
