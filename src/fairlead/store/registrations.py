"""Where instances are found: the built-in catalogue's rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from fairlead.domain.colour import Colour
from fairlead.ports.catalogue import Place, Registration
from fairlead.store.rows import upsert
from fairlead.store.schema import key, metadata, number, place_columns, place_key, place_values, text

registrations = sa.Table(
    "registrations",
    metadata,
    key("place"),
    key("instance"),
    *place_columns(),
    text("colour"),
    text("service"),
    text("address"),
    number("port"),
    text("deployment"),
    text("container"),
)

_c = registrations.c
_in_order = sa.select(registrations).order_by(_c.service, _c.instance)
_of_place = _in_order.where(_c.place == sa.bindparam("place"))


def put(connection: sa.Connection, entry: Registration) -> None:
    """Register it."""
    fields = ("instance", "colour", "service", "address", "port", "deployment", "container")
    row = {name: getattr(entry, name) for name in fields} | {"colour": entry.colour.value}
    upsert(connection, registrations, {**place_values(entry.place), **row})


def remove(connection: sa.Connection, place: Place, instances: Sequence[str]) -> None:
    """None of them is found any more; gone is fine."""
    connection.execute(sa.delete(registrations).where(_c.place == place_key(place), _c.instance.in_(list(instances))))


def of(
    connection: sa.Connection, place: Place, *, colour: Colour | None = None, service: str = ""
) -> tuple[Registration, ...]:
    """Those of the place that fit, by service and instance."""
    found = _read(connection.execute(_of_place, {"place": place_key(place)}))
    return tuple(one for one in found if colour in (None, one.colour) and service in ("", one.service))


def numbers(connection: sa.Connection) -> dict[str, dict[str, int]]:
    """How many instances are registered, by deployment and service; one query, for it is asked again and again."""
    asked = sa.select(_c.deployment, _c.service, sa.func.count()).group_by(_c.deployment, _c.service)
    found: dict[str, dict[str, int]] = {}
    for deployment, service, counted in connection.execute(asked).all():
        found.setdefault(deployment, {})[service] = counted
    return found


def all_by_place(connection: sa.Connection) -> dict[Place, list[Registration]]:
    """Those of every place that has an instance, each place's as `of` gives them; one query."""
    found: dict[Place, list[Registration]] = {}
    for one in _read(connection.execute(_in_order)):
        found.setdefault(one.place, []).append(one)
    return found


def _read(rows: sa.CursorResult[Any]) -> tuple[Registration, ...]:
    return tuple(
        Registration(
            Place(row.project, row.environment, row.tenant),
            Colour(row.colour),
            row.service,
            row.instance,
            row.address,
            row.port,
            row.deployment,
            row.container,
        )
        for row in rows
    )
