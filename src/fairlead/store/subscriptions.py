"""Subscriptions, and how far in the audit each of them is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.subscription import Progress, Subscription
from fairlead.store import events
from fairlead.store.counters import counters
from fairlead.store.rows import to_row
from fairlead.store.schema import data, flag, instant, key, link, metadata, number, text
from fairlead.store.shelf import Page, Shelf, holding

subscriptions = sa.Table(
    "subscriptions",
    metadata,
    key(),
    text("kind"),
    text("name", unique=True),
    text("owner"),
    instant("created_at"),
    data("addresses"),
    data("events"),
    data("projects"),
    data("environments"),
    data("tenants"),
    data("people"),
    text("team", nullable=True),
    link("secret", "secret_versions.id", nullable=True),
    data("headers"),
    text("schedule"),
    text("zone"),
    flag("is_enabled"),
    number("revision"),
)

subscription_progress = sa.Table(
    "subscription_progress",
    metadata,
    sa.Column("id", sa.Text, sa.ForeignKey("subscriptions.id"), primary_key=True),
    number("position"),
    instant("next_at"),
    number("tries"),
    number("told"),
    number("passed_over"),
    instant("told_at", nullable=True),
    instant("failed_at", nullable=True),
    text("error"),
)
"""Beside the subscription: what is told on every event is no edit of it."""


def _kind(subscription: Subscription) -> dict[str, object]:
    return {"kind": subscription.kind}


_shelf = Shelf(subscriptions, Subscription, "subscription.unknown", "subscription.exists", more=_kind)
_progress = Shelf(subscription_progress, Progress, unknown="subscription.unknown")
find, update = _shelf.find, _shelf.update
_p = subscription_progress.c


def insert(connection: sa.Connection, made: Subscription, progress: Progress) -> None:
    """Kept; Conflict `subscription.exists`."""
    _shelf.insert(connection, made)
    _progress.insert(connection, progress)


def delete(connection: sa.Connection, id: str) -> None:
    """Gone, with its progress."""
    _progress.delete(connection, id)
    _shelf.delete(connection, id)


def page(
    connection: sa.Connection, *, owner: str | None, search: str = "", after: str | None = None, limit: int = 50
) -> Page[Subscription]:
    """The owner's (None: anybody's), the newest first."""
    c = subscriptions.c
    mine = [] if owner is None else [c.owner == owner]
    return _shelf.page(connection, *mine, *holding(c.name, search), after=after, limit=limit)


def by_name_or_id(connection: sa.Connection, text: str) -> Subscription:
    """As people and programs name it; NotFound `subscription.unknown`."""
    return _shelf.require(_shelf.find_named(connection, text), text)


def progress_of(connection: sa.Connection, ids: Iterable[str]) -> dict[str, Progress]:
    """How far each is, in one look."""
    return _progress.many(connection, ids)


def due(connection: sa.Connection, now: datetime, *, limit: int = 100) -> tuple[Progress, ...]:
    """Those that are enabled and whose time has come, webhooks only where the audit has something that they have not
    looked at; the longest waiting first. One look, which finds nothing most of the time."""
    written = sa.select(counters.c.value).where(counters.c.name == events.COUNTER).scalar_subquery()
    c = subscriptions.c
    enabled = sa.select(c.id).where(c.is_enabled, sa.or_(c.kind == "mail", _p.position < written))
    is_due = (_p.next_at <= now, _p.id.in_(enabled.correlate(subscription_progress)))
    return _progress.where(connection, *is_due, order=_p.next_at, limit=limit)


def move(connection: sa.Connection, old: Progress, new: Progress) -> bool:
    """It is so far; false, and nothing is changed, where it is not as it was read any more: another server moved it,
    or it was disabled or removed."""
    enabled = sa.exists().where(subscriptions.c.id == old.id, subscriptions.c.is_enabled)
    as_read = (_p.id == old.id, _p.position == old.position, _p.next_at == old.next_at, _p.tries == old.tries)
    statement = sa.update(subscription_progress).where(*as_read, enabled).values(**to_row(new))
    return connection.execute(statement).rowcount == 1


def start_anew(connection: sa.Connection, progress: Progress) -> None:
    """What was not told is not told any more: it goes on from there."""
    connection.execute(sa.update(subscription_progress).where(_p.id == progress.id).values(**to_row(progress)))
