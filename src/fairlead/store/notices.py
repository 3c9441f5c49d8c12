"""Notices that wait to be delivered: written with what they tell, delivered after, tried again until they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.record import Json
from fairlead.store.rows import insert_ignoring, to_row
from fairlead.store.schema import data, instant, key, metadata, number, text
from fairlead.store.shelf import Shelf


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One notice to one place. `id` is derived from what it tells and to whom, so that telling twice tells once.

    `to` says where, as `usecases.telling` reads it; secrets in it are version ids.
    """

    id: str
    event: str
    subject: str
    body: str
    created_at: datetime
    next_at: datetime
    to: Mapping[str, Json] = field(default_factory=dict)
    link: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    tries: int = 0
    delivered_at: datetime | None = None
    given_up_at: datetime | None = None
    error: str = ""


notices = sa.Table(
    "notices",
    metadata,
    key(),
    text("event"),
    text("subject"),
    text("body"),
    instant("created_at"),
    instant("next_at"),
    data("to"),
    text("link"),
    data("facts"),
    number("tries"),
    instant("delivered_at", nullable=True),
    instant("given_up_at", nullable=True),
    text("error"),
    sa.Index("ix_notices_next_at", "next_at"),
)

_shelf = Shelf(notices, NoticeRow, unknown="page.unknown")
change = _shelf.change
_c = notices.c


def put(connection: sa.Connection, notice: NoticeRow) -> bool:
    """Kept to be delivered; false where it was before."""
    return insert_ignoring(connection, notices, to_row(notice))


def due(connection: sa.Connection, now: datetime, *, limit: int = 20) -> tuple[NoticeRow, ...]:
    """Those to be tried now, the longest waiting first."""
    open_ones = (_c.delivered_at.is_(None), _c.given_up_at.is_(None), _c.next_at <= now)
    return _shelf.where(connection, *open_ones, order=_c.next_at, limit=limit)


def forget_before(connection: sa.Connection, before: datetime) -> int:
    """Older ones are gone; how many."""
    return connection.execute(sa.delete(notices).where(_c.created_at < before)).rowcount
