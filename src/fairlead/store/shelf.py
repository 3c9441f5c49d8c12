"""A shelf: the verbs that every noun's table has, so that each noun's file holds only what is its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from fairlead.domain.errors import Conflict, NotFound
from fairlead.store.rows import first_noun, nouns, reading, to_row

T = TypeVar("T")

LARGEST_PAGE = 500
NOTHING: Mapping[str, str | int | None] = MappingProxyType({})
Condition = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list. `after` is what to ask the next part with; None on the last."""

    items: tuple[T, ...]
    after: str | None = None


def holding(column: sa.ColumnElement[str], search: str) -> list[Condition]:
    """That the column has it in it, in whatever case; nothing where there is nothing to look for."""
    return [sa.func.lower(column).contains(search.lower(), autoescape=True)] if search else []


def part_of(
    items: Iterable[T],
    *,
    name: Callable[[T], str],
    order: Callable[[T], str] | None = None,
    search: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page[T]:
    """A part of a list that is read whole because it is short: what has `search` in its name, in whatever case, by
    `order`, which tells each from all others (the name where there is none)."""
    place, wanted = order or name, search.lower()
    fitting = sorted((one for one in items if wanted in name(one).lower()), key=place)
    rest = [one for one in fitting if after is None or place(one) > after]
    held = tuple(rest[:limit])
    return Page(held, place(held[-1]) if len(rest) > len(held) else None)


def name_key(noun: Any) -> dict[str, object]:
    """What names that are unique whatever their case are found and sorted by."""
    return {"name_key": noun.name.lower()}


def no_more(_: object) -> dict[str, object]:
    """No columns beside the noun's own fields."""
    return {}


@cache
def _by(table: sa.Table, column: str) -> sa.Select[Any]:
    """Built once: to build a statement takes longer than to ask it."""
    return sa.select(table).where(table.c[column] == sa.bindparam("held")).limit(1)


@cache
def _insert(table: sa.Table) -> sa.Insert:
    return sa.insert(table)


@cache
def _by_ids(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table).where(table.c.id.in_(sa.bindparam("ids", expanding=True)))


@cache
def _by_id_or(table: sa.Table, column: str) -> sa.Select[Any]:
    """Whose id it is comes first."""
    is_it = table.c.id == sa.bindparam("id")
    return sa.select(table).where(sa.or_(is_it, table.c[column] == sa.bindparam("held"))).order_by(~is_it).limit(1)


@cache
def _part(table: sa.Table, equal: tuple[str, ...], by: str, newest_first: bool, is_later: bool) -> sa.Select[Any]:
    column, behind = table.c[by], sa.bindparam("behind", type_=sa.Text)
    statement = sa.select(table).where(*(table.c[name] == sa.bindparam(f"held_{name}") for name in equal))
    if is_later:
        statement = statement.where(column < behind if newest_first else column > behind)
    return statement.order_by(column.desc() if newest_first else column).limit(sa.bindparam("most", type_=sa.Integer))


@cache
def _all(table: sa.Table, by: tuple[str, ...]) -> sa.Select[Any]:
    return sa.select(table).order_by(*(table.c[name] for name in by))


@cache
def _as_known(table: sa.Table) -> sa.Update:
    known = (table.c.id == sa.bindparam("known_id"), table.c.revision == sa.bindparam("known_revision"))
    return sa.update(table).where(*known)


@dataclass(frozen=True, slots=True)
class Shelf(Generic[T]):
    """Rows of one noun. `unknown` and `exists` are the codes of the errors; `more` makes columns that are no field;
    `noun` is what people call it, where the code does not say it."""

    table: sa.Table
    kind: type[T]
    unknown: str
    exists: str = "edit.conflict"
    more: Callable[[T], Mapping[str, object]] = no_more
    noun: str = ""

    def insert(self, connection: sa.Connection, noun: T) -> None:
        """A new row; Conflict with the code `exists` where one of its keys is taken."""
        try:
            connection.execute(_insert(self.table), {**to_row(noun), **self.more(noun)})
        except sa.exc.IntegrityError as error:
            name = str(getattr(noun, "name", "") or getattr(noun, "id", ""))
            raise Conflict(self.exists, f"{name or 'it'} exists already", thing=name) from error

    def find(self, connection: sa.Connection, id: str) -> T | None:
        """By id; None where there is none."""
        return self.one_by(connection, "id", id)

    def get(self, connection: sa.Connection, id: str) -> T:
        """By id; NotFound with the code `unknown`."""
        return self.require(self.find(connection, id), id)

    def require(self, found: T | None, name: str) -> T:
        """`found`, or NotFound that names what was asked for."""
        if found is None:
            what = self.noun or self.unknown.partition(".")[0].replace("_", " ")
            raise NotFound(self.unknown, f"there is no {what} {name[:80]!r}", thing=name[:80])
        return found

    def one_by(self, connection: sa.Connection, column: str, held: str) -> T | None:
        """The one that holds this in that unique column; None where none does."""
        return first_noun(self.kind, connection.execute(_by(self.table, column), {"held": held}))

    def one(self, connection: sa.Connection, *conditions: Condition) -> T | None:
        """The first that fits; None where none does."""
        return first_noun(self.kind, connection.execute(sa.select(self.table).where(*conditions).limit(1)))

    def where(
        self, connection: sa.Connection, *conditions: Condition, order: Any = None, limit: int | None = None
    ) -> tuple[T, ...]:
        """All that fit, by `order` (the id where none is given)."""
        columns = self.table.c.id if order is None else order
        by = columns if isinstance(columns, tuple) else (columns,)
        statement = sa.select(self.table).where(*conditions).order_by(*by)
        return tuple(nouns(self.kind, connection.execute(statement.limit(limit))))

    def all(self, connection: sa.Connection, *by: str) -> tuple[T, ...]:
        """All, in the order of these columns."""
        return tuple(nouns(self.kind, connection.execute(_all(self.table, by))))

    def many(self, connection: sa.Connection, ids: Iterable[str]) -> dict[str, T]:
        """Those of them that there are, by id; one query, and none where none is asked for."""
        wanted = set(ids)
        if not wanted:
            return {}
        result = connection.execute(_by_ids(self.table), {"ids": list(wanted)})
        read = reading(self.kind, result)
        return {row.id: read(row) for row in result.all()}

    def newest_of_each(
        self, connection: sa.Connection, by: str, ids: Iterable[str], *more: Condition, limit: int
    ) -> dict[str, tuple[T, ...]]:
        """At most so many that fit for each of these values of the column `by`, the newest first; one query."""
        c = self.table.c
        place = sa.func.row_number().over(partition_by=c[by], order_by=c.id.desc()).label("place")
        ranked = sa.select(c.id, place).where(c[by].in_(set(ids)), *more).subquery()
        newest = sa.select(ranked.c.id).where(ranked.c.place <= limit)
        result = connection.execute(sa.select(self.table).where(c.id.in_(newest)).order_by(c.id.desc()))
        read = reading(self.kind, result)
        found: dict[str, list[T]] = {}
        for row in result.all():
            found.setdefault(str(row._mapping[by]), []).append(read(row))
        return {value: tuple(held) for value, held in found.items()}

    def page(
        self,
        connection: sa.Connection,
        *conditions: Condition,
        after: str | None = None,
        limit: int = 50,
        by: str = "id",
        newest_first: bool = True,
        equal: Mapping[str, str | int | None] = NOTHING,
    ) -> Page[T]:
        """Those that fit, a part at a time, in the order of the unique text column `by` (ids sort by their making).
        `equal` names columns and what they hold; None: whatever they do."""
        bounded = max(1, min(limit, LARGEST_PAGE))
        held = {name: value for name, value in equal.items() if value is not None}
        statement = _part(self.table, tuple(held), by, newest_first, after is not None).where(*conditions)
        asked = {f"held_{name}": value for name, value in held.items()} | {"behind": after, "most": bounded + 1}
        result = connection.execute(statement, asked)
        read, rows = reading(self.kind, result), result.all()
        items = tuple(read(row) for row in rows[:bounded])
        return Page(items, str(rows[bounded - 1]._mapping[by]) if len(rows) > bounded else None)

    def page_by_name(
        self,
        connection: sa.Connection,
        *conditions: Condition,
        search: str = "",
        after: str | None = None,
        limit: int = 50,
    ) -> Page[T]:
        """Those that fit and have `search` in their names, in whatever case, by name, a part at a time. Where names are
        unique whatever their case they go by `name_key`."""
        by = "name_key" if "name_key" in self.table.c else "name"
        fits = (*conditions, *holding(self.table.c[by], search))
        return self.page(connection, *fits, after=after, limit=limit, by=by, newest_first=False)

    def find_named(self, connection: sa.Connection, text: str) -> T | None:
        """By id or name, whatever its case where the table has a `name_key`; None where there is none."""
        by, held = ("name_key", text.lower()) if "name_key" in self.table.c else ("name", text)
        return first_noun(self.kind, connection.execute(_by_id_or(self.table, by), {"id": text, "held": held}))

    def count(self, connection: sa.Connection, *conditions: Condition) -> int:
        """How many fit."""
        return connection.execute(sa.select(sa.func.count()).select_from(self.table).where(*conditions)).scalar_one()

    def update(self, connection: sa.Connection, noun: T) -> T:
        """The whole row is changed if nobody else changed it since it was read (`revision`), else Conflict
        `edit.conflict`. What is returned has the new revision."""
        values: dict[str, Any] = {**to_row(noun), **self.more(noun)}
        values["revision"] += 1
        known = {"known_id": values["id"], "known_revision": values["revision"] - 1}
        try:
            changed = connection.execute(_as_known(self.table), values | known).rowcount
        except sa.exc.IntegrityError as error:
            raise Conflict(self.exists, "another has these names already", thing=values["id"]) from error
        if changed != 1:
            self.get(connection, values["id"])
            raise Conflict("edit.conflict", "it was changed by somebody else since it was read", thing=values["id"])
        return replace(noun, revision=values["revision"])  # type: ignore[type-var]

    def change(self, connection: sa.Connection, id: str, *conditions: Condition, **values: object) -> bool:
        """These columns of the row, where the conditions hold; whether they did. Counts as an edit."""
        if "revision" in self.table.c:
            values["revision"] = self.table.c.revision + 1
        statement = sa.update(self.table).where(self.table.c.id == id, *conditions).values(**values)
        return connection.execute(statement).rowcount == 1

    def delete(self, connection: sa.Connection, id: str) -> bool:
        """The row is gone; whether there was one. Conflict `edit.conflict` where others refer to it."""
        try:
            return connection.execute(sa.delete(self.table).where(self.table.c.id == id)).rowcount == 1
        except sa.exc.IntegrityError as error:
            raise Conflict("edit.conflict", "it is in use and cannot be deleted", thing=id) from error
