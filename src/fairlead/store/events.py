"""The audit: append only, each event behind the one that was committed before it, with its hash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.event import Event, chained
from fairlead.store import counters
from fairlead.store.database import before_commit
from fairlead.store.rows import nouns, to_row
from fairlead.store.schema import data, instant, key, metadata, number, text
from fairlead.store.shelf import Page, Shelf

Condition = sa.ColumnElement[bool]

COUNTER = "audit"
"""Counts the events that were ever written: a tail that was cut off is missed by it."""
AT_ONCE = 1000

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
    data("difference"),
    number("sequence", unique=True),
    text("previous"),
    text("hash"),
    sa.Index("ix_events_thing", "thing", "id"),
    sa.Index("ix_events_project", "project", "id"),
    sa.Index("ix_events_actor", "actor", "id"),
)

_shelf = Shelf(events, Event, unknown="page.unknown")


def insert(connection: sa.Connection, event: Event) -> None:
    """Kept when the transaction commits, last of all: from there on nobody else writes an event before our commit has
    ended, and nothing else is waited for meanwhile, so that writers neither fork the chain nor lock each other out."""
    before_commit(connection, _append, event)


_hash_of = sa.select(events.c.hash).where(events.c.sequence == sa.bindparam("sequence"))
_adding = sa.insert(events)


def _append(connection: sa.Connection, told: Sequence[Event]) -> None:
    """Together: who changes ten thousand things at once holds up all who write for as long as it takes to tell."""
    last = counters.next_of(connection, COUNTER, len(told))
    before = last - len(told)
    previous = connection.execute(_hash_of, {"sequence": before}).scalar() or ""
    rows: list[dict[str, object]] = []
    for sequence, event in enumerate(told, before + 1):
        placed = chained(event, sequence, previous)
        rows.append(to_row(placed))
        previous = placed.hash
    connection.execute(_adding, rows)


def newest_id(connection: sa.Connection) -> str:
    """The id of the last line; "" where there is none. Whatever a person changes has one, and has its own id before."""
    return str(connection.execute(sa.select(events.c.id).order_by(events.c.sequence.desc()).limit(1)).scalar() or "")


def written(connection: sa.Connection) -> int:
    """How many were ever written."""
    return counters.value_of(connection, COUNTER)


def in_order(connection: sa.Connection, *conditions: Condition) -> Iterator[Event]:
    """All that fit, the oldest first, a part at a time."""
    last = 0
    while True:
        statement = sa.select(events).where(events.c.sequence > last, *conditions).order_by(events.c.sequence)
        found = nouns(Event, connection.execute(statement.limit(AT_ONCE)))
        yield from found
        if len(found) < AT_ONCE:
            return
        last = found[-1].sequence


def part(connection: sa.Connection, after: int, until: int, *conditions: Condition) -> tuple[Event, ...]:
    """Up to `AT_ONCE` that fit, the oldest first, behind number `after` up to number `until`."""
    here = (events.c.sequence > after, events.c.sequence <= until, *conditions)
    found = connection.execute(sa.select(events).where(*here).order_by(events.c.sequence).limit(AT_ONCE))
    return tuple(nouns(Event, found))


def oldest(connection: sa.Connection) -> int:
    """The number of the first that is here; 0 where none is."""
    return connection.execute(sa.select(sa.func.min(events.c.sequence))).scalar() or 0


def between(connection: sa.Connection, after: int, until: int) -> Iterator[Event]:
    """Those behind number `after` up to number `until`, the oldest first, a part at a time."""
    while after < until:
        statement = sa.select(events).where(events.c.sequence > after, events.c.sequence <= until)
        found = nouns(Event, connection.execute(statement.order_by(events.c.sequence).limit(AT_ONCE)))
        yield from found
        after = found[-1].sequence if len(found) == AT_ONCE else until


def forget(connection: sa.Connection, first: int, last: int) -> int:
    """Those from number `first` to number `last` are not here any more; how many."""
    numbered = sa.delete(events).where(events.c.sequence >= first, events.c.sequence <= last)
    return connection.execute(numbered).rowcount


def last_told(connection: sa.Connection, kind: str, things: Sequence[str], *, since: datetime) -> dict[str, datetime]:
    """When an event of this kind was last written of each of `things`; those of which none was, later than `since`, are
    left out."""
    c = events.c
    asked = sa.select(c.thing, sa.func.max(c.at)).where(c.thing.in_(things), c.kind == kind, c.at > since)
    return dict(connection.execute(asked.group_by(c.thing)).all())


def fitting(
    *,
    project: str | None = None,
    environment: str | None = None,
    tenant: str | None = None,
    thing: str | None = None,
    kind: str | None = None,
    actor: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Condition]:
    """Conditions. `kind` may end in a dot and then means all of that noun; `until` is not included."""
    wanted = {"project": project, "environment": environment, "tenant": tenant, "thing": thing, "actor": actor}
    conditions = [events.c[name] == value for name, value in wanted.items() if value is not None]
    if kind is not None:
        conditions.append(
            events.c.kind.startswith(kind, autoescape=True) if kind[-1:] == "." else events.c.kind == kind
        )
    if since is not None:
        conditions.append(events.c.at >= since)
    if until is not None:
        conditions.append(events.c.at < until)
    return conditions


def page(connection: sa.Connection, *conditions: Condition, after: str | None = None, limit: int = 50) -> Page[Event]:
    """Those that fit (`fitting`), the newest first."""
    return _shelf.page(connection, *conditions, after=after, limit=limit)
