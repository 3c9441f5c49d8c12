"""Whether targets answered when they were looked at last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from fairlead.domain.ids import TargetId
from fairlead.domain.target import TargetHealth
from fairlead.store.rows import nouns, to_row, upsert
from fairlead.store.schema import flag, instant, key, metadata, text

health = sa.Table(
    "target_health",
    metadata,
    key("target"),
    flag("is_available"),
    instant("at"),
    instant("since"),
    text("reason"),
)


def of(connection: sa.Connection, targets: Iterable[TargetId]) -> Mapping[TargetId, TargetHealth]:
    """Of those that were looked at; one query."""
    found = connection.execute(sa.select(health).where(health.c.target.in_(set(targets))))
    return {one.target: one for one in nouns(TargetHealth, found)}


def put(connection: sa.Connection, one: TargetHealth) -> None:
    """Record its health."""
    upsert(connection, health, to_row(one))


def unavailable(connection: sa.Connection) -> frozenset[TargetId]:
    """Those that did not answer."""
    rows = connection.execute(sa.select(health.c.target).where(health.c.is_available.is_(False))).scalars()
    return frozenset(TargetId(id) for id in rows)


def forget(connection: sa.Connection, target: TargetId) -> None:
    """Nothing is known of it."""
    connection.execute(sa.delete(health).where(health.c.target == target))
