"""Deliveries of webhooks, each acted upon once, and the heads that runs were started for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.ids import ProjectId
from fairlead.domain.webhook_delivery import LOOK, SeenHead, WebhookDelivery
from fairlead.store.contacts import contacts
from fairlead.store.rows import insert_ignoring, to_row
from fairlead.store.schema import instant, key, link, metadata, text
from fairlead.store.shelf import Page, Shelf

webhook_deliveries = sa.Table(
    "webhook_deliveries",
    metadata,
    key(),
    text("webhook"),
    text("key"),
    instant("received_at"),
    link("project", "projects.id", nullable=True),
    text("kind"),
    text("outcome"),
    sa.UniqueConstraint("webhook", "key"),
    sa.Index("ix_webhook_deliveries_project", "project", "id"),
)

seen_heads = sa.Table(
    "seen_heads",
    metadata,
    sa.Column("project", sa.Text, sa.ForeignKey("projects.id"), primary_key=True),
    key("branch"),
    key("commit"),
    instant("seen_at"),
    text("run"),
)

_shelf = Shelf(webhook_deliveries, WebhookDelivery, unknown="page.unknown")


def accept(connection: sa.Connection, delivery: WebhookDelivery) -> bool:
    """Kept, unless the webhook had a delivery of this key before (a replay): then false, and nothing is to be done."""
    return insert_ignoring(connection, webhook_deliveries, to_row(delivery))


def page(
    connection: sa.Connection, *, project: ProjectId, after: str | None = None, limit: int = 50
) -> Page[WebhookDelivery]:
    """Those of the project, the newest first."""
    return _shelf.page(connection, webhook_deliveries.c.project == project, after=after, limit=limit)


def unlooked(connection: sa.Connection, projects: Collection[ProjectId], before: datetime) -> frozenset[ProjectId]:
    """Those of the projects whose repository was not read since a delivery, from before that time, said *look*."""
    d, c = webhook_deliveries.c, contacts.c
    asked = (
        sa.select(d.project)
        .distinct()
        .join_from(webhook_deliveries, contacts, c.project == d.project, isouter=True)
        .where(d.project.in_(projects), d.outcome == LOOK, d.received_at < before)
        .where(sa.or_(c.project.is_(None), c.is_ok.is_(False), c.at < d.received_at))
    )
    return frozenset(ProjectId(one) for one in connection.execute(asked).scalars())


def forget_before(connection: sa.Connection, before: datetime) -> int:
    """Older ones are gone; how many."""
    old = sa.delete(webhook_deliveries).where(webhook_deliveries.c.received_at < before)
    return connection.execute(old).rowcount


def see_head(connection: sa.Connection, head: SeenHead) -> bool:
    """Whether this head of the branch was never seen before; it is now. The one who gets true starts the run."""
    return insert_ignoring(connection, seen_heads, to_row(head))
