"""The audit: append only."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead.domain.event import Event
from fairlead.store.schema import data, instant, key, metadata, text
from fairlead.store.shelf import Page, Shelf

events = sa.Table(
    "events",
    metadata,
    key(),
    instant("at"),
    text("actor"),
    text("kind"),
    text("message"),
    text("thing"),
    text("project", nullable=True),
    text("environment", nullable=True),
    text("tenant", nullable=True),
    text("via"),
    text("address"),
    data("facts"),
    sa.Index("ix_events_thing", "thing", "id"),
    sa.Index("ix_events_project", "project", "id"),
)

_shelf = Shelf(events, Event, unknown="page.unknown")
insert = _shelf.insert


def page(
    connection: sa.Connection,
    *,
    project: str | None = None,
    environment: str | None = None,
    thing: str | None = None,
    kind: str | None = None,
    actor: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Event]:
    """Those that fit, the newest first. `kind` may end in a dot and then means all of that noun."""
    wanted = {"project": project, "environment": environment, "thing": thing, "actor": actor}
    conditions = [events.c[name] == value for name, value in wanted.items() if value is not None]
    if kind is not None:
        conditions.append(
            events.c.kind.startswith(kind, autoescape=True) if kind[-1:] == "." else events.c.kind == kind
        )
    return _shelf.page(connection, *conditions, after=after, limit=limit)
