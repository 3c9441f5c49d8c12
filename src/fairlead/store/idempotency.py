"""Answers to requests that carried an Idempotency-Key, so that asking twice does it once."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from fairlead.domain.errors import Conflict
from fairlead.domain.record import Json
from fairlead.store.rows import insert_ignoring
from fairlead.store.schema import data, instant, key, metadata, number, text

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    key("actor"),
    key("key"),
    text("request"),
    number("status", nullable=True),
    data("answer", nullable=True),
    instant("at"),
)

_c = idempotency_keys.c

UNDER_WAY = "idempotency.under_way"
LONGEST_REQUEST = timedelta(minutes=5)
"""A first request that has not been answered by then never will be: its server ended in between."""

DONE = 0
"""The status of a request that has done something, and is not answered yet."""

asked_with: ContextVar[tuple[str, str] | None] = ContextVar("asked_with", default=None)
"""Actor and key of the request that is being carried out, where it has one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered the first time."""

    status: int
    body: Json


def begin(connection: sa.Connection, *, actor: str, key: str, request: str, at: datetime) -> Answer | None:
    """None for the first request with this key: do it, with `mark_done` in the transaction of what is done, and
    `finish`. The kept answer for a repeat. Conflict `idempotency.mismatch` where `request` (a hash of path, query and
    body) was another, `idempotency.under_way` where the first one has not been answered yet, and
    `idempotency.answer_lost` where it was done, and its server ended before it answered."""
    row = {"actor": actor, "key": key, "request": request, "at": at}
    if insert_ignoring(connection, idempotency_keys, row):
        return None
    stale = (_c.actor == actor, _c.key == key, _c.request == request, _c.status.is_(None), _c.at < at - LONGEST_REQUEST)
    if connection.execute(sa.update(idempotency_keys).where(*stale).values(at=at)).rowcount:
        return None  # whoever began it has died since, and had done nothing
    held = connection.execute(sa.select(idempotency_keys).where(_c.actor == actor, _c.key == key)).one()
    if held.request != request:
        raise Conflict("idempotency.mismatch", "this Idempotency-Key was used with another request", thing=key)
    if held.status == DONE and held.at < at - LONGEST_REQUEST:
        raise Conflict(
            "idempotency.answer_lost",
            "the first request with this Idempotency-Key was carried out, and its server ended before it answered",
            thing=key,
            hint="look at what it made; what is to be done once more needs a key of its own",
        )
    if held.status in (None, DONE):
        raise Conflict(
            UNDER_WAY,
            "the first request with this Idempotency-Key is under way",
            thing=key,
            hint="wait a little, and repeat it with the same key: it is answered as the first one then",
        )
    return Answer(held.status, held.answer)


def mark_done(connection: sa.Connection) -> None:
    """What the request that is being carried out does is kept with this transaction: it is not done again."""
    if asked := asked_with.get():
        mine = (_c.actor == asked[0], _c.key == asked[1], _c.status.is_(None))
        connection.execute(sa.update(idempotency_keys).where(*mine).values(status=DONE))


def finish(connection: sa.Connection, *, actor: str, key: str, status: int, body: Json) -> None:
    """What repeats are answered with."""
    mine = sa.update(idempotency_keys).where(_c.actor == actor, _c.key == key)
    connection.execute(mine.values(status=status, answer=body))


def forget_before(connection: sa.Connection, before: datetime) -> int:
    """Older ones are gone; how many."""
    return connection.execute(sa.delete(idempotency_keys).where(_c.at < before)).rowcount


def forget(connection: sa.Connection, *, actor: str, key: str) -> None:
    """The request may be tried again: it ended in an error."""
    connection.execute(sa.delete(idempotency_keys).where(_c.actor == actor, _c.key == key))
