"""Nouns to rows and back: a table's columns are the fields of its dataclass, by name."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import cache
from operator import itemgetter
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from fairlead.domain.record import from_data, to_data

T = TypeVar("T")

_PLAIN = (str, int, float, bool, datetime, type(None))


def to_row(noun: object) -> dict[str, object]:
    """The fields as column values: scalars and times as they are, everything else as JSON data."""
    row: dict[str, object] = {}
    for field in dataclasses.fields(cast("Any", noun)):
        held = getattr(noun, field.name)
        row[field.name] = held if isinstance(held, datetime) else to_data(held)
    return row


def nouns(kind: type[T], found: sa.CursorResult[Any]) -> list[T]:
    """The nouns that the rows hold; columns that are no field of them are left out."""
    read = reading(kind, found)
    return [read(row) for row in found.all()]  # all at once: one by one takes twice as long


def first_noun(kind: type[T], found: sa.CursorResult[Any]) -> T | None:
    """The noun that the first row holds; None where there is no row."""
    read, row = reading(kind, found), found.first()
    return None if row is None else read(row)


def reading(kind: type[T], found: sa.CursorResult[Any]) -> Callable[[sa.Row[Any]], T]:
    """What reads the noun of a row of `found`, for who needs the row, too."""
    read: Callable[[sa.Row[Any]], T] = _reading(cast("Any", kind), tuple(found.keys()))
    return read


@cache
def _reading(kind: Any, columns: tuple[str, ...]) -> Callable[[sa.Row[Any]], Any]:
    """By position: to look each column up by its name takes three times as long."""
    hints = get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    held = itemgetter(*(columns.index(name) for name in names))
    readers = [(at, read) for at, name in enumerate(names) if (read := _reader(hints[name])) is not None]

    def noun(row: sa.Row[Any]) -> Any:
        values = list(held(row))
        for at, read in readers:
            values[at] = read(values[at])
        return kind(*values)

    return noun


def insert_ignoring(connection: sa.Connection, table: sa.Table, values: Mapping[str, object]) -> bool:
    """Insert the row unless one of its keys is taken; whether it was inserted."""
    made = connection.execute(_ignoring_one(table, connection.dialect.name), values)
    return made.first() is not None


def upsert(connection: sa.Connection, table: sa.Table, values: Mapping[str, object]) -> None:
    """Insert the row, or change the one that has its primary key."""
    upsert_all(connection, table, [values])


def upsert_all(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
    """As `upsert`, for rows that give the same columns; in one statement."""
    if rows:
        connection.execute(_changing(table, tuple(rows[0]), connection.dialect.name), list(rows))


def insert_all_ignoring(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert the rows, but those of which a key is taken; in one statement."""
    if rows:
        connection.execute(_insert(table, connection.dialect.name).on_conflict_do_nothing(), list(rows))


@cache
def _changing(table: sa.Table, names: tuple[str, ...], dialect: str) -> sa.Insert:
    """Built once for each set of columns: to build it takes ten times as long as to run it."""
    keys = [column.name for column in table.primary_key]
    statement = _insert(table, dialect)
    changed = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


@cache
def _ignoring_one(table: sa.Table, dialect: str) -> sa.Insert:
    """It answers with a row where it inserted one: an INSERT's rowcount is not told on PostgreSQL."""
    return _insert(table, dialect).on_conflict_do_nothing().returning(sa.literal(1))


def _insert(table: sa.Table, dialect: str) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def _reader(hint: Any) -> Callable[[Any], object] | None:
    """None where the column's value is the field's. Most columns are plain or an enum: these are read fast."""
    kinds = [kind for kind in get_args(hint) or (hint,) if kind is not type(None)]
    is_one = get_origin(hint) in (None, Union, types.UnionType)
    if get_origin(hint) is Literal or (is_one and all(_is_plain(kind) for kind in kinds)):
        return None
    if is_one and len(kinds) == 1 and isinstance(kinds[0], type) and issubclass(kinds[0], Enum):
        kind = kinds[0]
        members = {one.value: one for one in kind}
        return lambda held: None if held is None else members.get(held) or kind(held)
    return lambda held: from_data(hint, held)


def _is_plain(kind: Any) -> bool:
    return getattr(kind, "__supertype__", kind) in _PLAIN
