"""Deployment freezes."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.freeze import Freeze
from fairlead.store.schema import data, flag, instant, key, metadata, number, text
from fairlead.store.shelf import Page, Shelf, holding

freezes = sa.Table(
    "freezes",
    metadata,
    key(),
    text("name", unique=True),
    instant("starts_at"),
    instant("ends_at", nullable=True),
    instant("created_at"),
    data("projects"),
    data("environments"),
    text("reason"),
    text("cron"),
    text("zone"),
    number("lasts_s"),
    text("created_by"),
    number("revision"),
    flag("binds_runbooks"),
    data("tenants"),
)

_shelf = Shelf(freezes, Freeze, unknown="freeze.unknown", exists="freeze.exists")
insert, get, find, update, delete = _shelf.insert, _shelf.get, _shelf.find, _shelf.update, _shelf.delete


def page(connection: sa.Connection, *, search: str = "", after: str | None = None, limit: int = 50) -> Page[Freeze]:
    """The newest first."""
    return _shelf.page(connection, *holding(freezes.c.name, search), after=after, limit=limit)


def all_of(connection: sa.Connection) -> tuple[Freeze, ...]:
    """All, by name."""
    return _shelf.where(connection, order=freezes.c.name)


def by_name_or_id(connection: sa.Connection, text: str) -> Freeze:
    """As people and programs name it; NotFound `freeze.unknown`."""
    return _shelf.require(_shelf.find_named(connection, text), text)


def around(connection: sa.Connection, at: datetime) -> tuple[Freeze, ...]:
    """Those within whose bounds the moment lies, by name."""
    c = freezes.c
    is_not_over = sa.or_(c.ends_at.is_(None), c.ends_at > at)
    return _shelf.where(connection, c.starts_at <= at, is_not_over, order=c.name)
