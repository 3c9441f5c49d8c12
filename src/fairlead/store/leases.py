"""Leases of nodes, by the database's clock where it has one of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from fairlead.domain.ids import NodeId
from fairlead.store.rows import upsert
from fairlead.store.schema import instant, key, metadata

leases = sa.Table("leases", metadata, key("node"), instant("until"))


def now(connection: sa.Connection, ours: datetime) -> datetime:
    """PostgreSQL's time, which all nodes share; on SQLite, where there is one process, ours."""
    if connection.dialect.name != "postgresql":
        return ours
    asked = sa.select(sa.func.clock_timestamp(type_=sa.DateTime(timezone=True)))
    return connection.execute(asked).scalar_one()


def renew(connection: sa.Connection, node: NodeId, seconds: float, ours: datetime) -> float:
    """The lease runs that long from now on; the seconds that were left on it, 0 where it had run out."""
    moment = now(connection, ours)
    before = connection.execute(sa.select(leases.c.until).where(leases.c.node == node)).scalar()
    upsert(connection, leases, {"node": node, "until": moment + timedelta(seconds=seconds)})
    return 0.0 if before is None else max(0.0, (before - moment).total_seconds())


def give_back(connection: sa.Connection, node: NodeId, ours: datetime) -> None:
    """The lease has run out as of now."""
    ended = sa.update(leases).where(leases.c.node == node).values(until=now(connection, ours))
    connection.execute(ended)


def alive(connection: sa.Connection, among: Sequence[NodeId], ours: datetime) -> dict[NodeId, datetime]:
    """Those whose lease runs, and until when."""
    wanted = (leases.c.node.in_(set(among)), leases.c.until > now(connection, ours))
    rows = connection.execute(sa.select(leases.c.node, leases.c.until).where(*wanted))
    return {NodeId(node): until for node, until in rows}


def forget_before(connection: sa.Connection, before: datetime) -> int:
    """Leases that ran out before are gone; how many."""
    return connection.execute(sa.delete(leases).where(leases.c.until < before)).rowcount
