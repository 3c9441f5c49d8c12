"""Numbers that count up without gaps or doubles, whoever asks at the same time."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead.store.schema import key, metadata, number

counters = sa.Table("counters", metadata, key("name"), number("value"))

_NEXT = sa.text(
    "insert into counters (name, value) values (:name, 1) "
    "on conflict (name) do update set value = counters.value + 1 returning value"
)


def next_of(connection: sa.Connection, name: str) -> int:
    """The next number under this name, from 1; given back where the transaction is."""
    return int(connection.execute(_NEXT, {"name": name}).scalar_one())
