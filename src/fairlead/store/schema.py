"""The one metadata, and the few column types that every table is made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from fairlead.domain.record import Json
from fairlead.ports.catalogue import Place

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware time in UTC. SQLite keeps none of the zone, so it is put back on reading."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a time without a zone has no place in the store")
        return value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """In one step, for a list has hundreds: SQLite gives the text that it was given, PostgreSQL a time."""
        return _from_text if dialect.name == "sqlite" else _in_utc


def _from_text(held: str | None) -> datetime | None:
    return None if held is None else datetime.fromisoformat(held).replace(tzinfo=UTC)


def _in_utc(held: datetime | None) -> datetime | None:
    return None if held is None else held.astimezone(UTC)


def key(name: str = "id") -> sa.Column[str]:
    """A text that the rows are known by, or a part of it."""
    return sa.Column(name, sa.Text, primary_key=True)


def text(name: str, *more: sa.schema.SchemaItem, nullable: bool = False, **options: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text, *more, nullable=nullable, **options)


def number(name: str, *, nullable: bool = False, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable, **options)


def real(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Float, nullable=False)


def flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def instant(name: str, *, nullable: bool = False, **options: Any) -> sa.Column[datetime]:
    return sa.Column(name, Instant, nullable=nullable, **options)


def data(name: str, *, nullable: bool = False) -> sa.Column[Json]:
    """JSON as text on both databases: PostgreSQL's jsonb would lose the order of keys."""
    return sa.Column(name, sa.JSON(none_as_null=True), nullable=nullable)


def content(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def link(name: str, target: str, *, nullable: bool = False, **options: Any) -> sa.Column[str]:
    """A reference to another table's id; what is referred to cannot be deleted."""
    return sa.Column(name, sa.Text, sa.ForeignKey(target), nullable=nullable, **options)


def place_columns() -> tuple[sa.Column[str], sa.Column[str], sa.Column[str]]:
    """Who a row of a place belongs to, by name; beside them the table has `place`, made by `place_key`."""
    return text("project"), text("environment"), text("tenant", nullable=True)


def place_key(place: Place) -> str:
    """One text for a place, so that a missing tenant can be part of a key."""
    return f"{place.project}/{place.environment}/{place.tenant or ''}"


def place_values(place: Place) -> dict[str, str | None]:
    """What `place_columns` and `place` hold."""
    return {
        "place": place_key(place),
        "project": place.project,
        "environment": place.environment,
        "tenant": place.tenant,
    }
