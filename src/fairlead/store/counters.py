"""Numbers that count up without gaps or doubles, whoever asks at the same time."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead.store.schema import key, metadata, number

counters = sa.Table("counters", metadata, key("name"), number("value"))

_NEXT = sa.text(
    "insert into counters (name, value) values (:name, :many) "
    "on conflict (name) do update set value = counters.value + :many returning value"
)


def value_of(connection: sa.Connection, name: str) -> int:
    """The last number under this name; 0 where none was taken."""
    return int(connection.execute(sa.select(counters.c.value).where(counters.c.name == name)).scalar() or 0)


def next_of(connection: sa.Connection, name: str, many: int = 1) -> int:
    """The next number under this name, from 1; the last of the next so many. Given back where the transaction is."""
    return int(connection.execute(_NEXT, {"name": name, "many": many}).scalar_one())
