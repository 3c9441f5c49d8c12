"""Which project and environment a host and path belong to: claimed before a deployment, given back with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.errors import Conflict
from fairlead.domain.service import Route
from fairlead.ports.catalogue import Place
from fairlead.store.rows import insert_ignoring
from fairlead.store.schema import flag, instant, key, metadata, place_columns, place_key, place_values, text

routes = sa.Table(
    "routes",
    metadata,
    key("host"),
    key("path"),
    text("place"),
    *place_columns(),
    text("service"),
    flag("tls"),
    flag("redirect_http"),
    instant("claimed_at"),
    sa.Index("ix_routes_place", "place"),
)

_c = routes.c


def claim(connection: sa.Connection, place: Place, service: str, wanted: Sequence[Route], *, at: datetime) -> None:
    """The routes belong to that service of the place. Conflict `route.taken`, naming who has one, where it is not free
    (a route that the place itself has is)."""
    for route in wanted:
        row = {
            **place_values(place),
            "host": route.host,
            "path": route.path,
            "service": service,
            "tls": route.tls,
            "redirect_http": route.redirect_http,
            "claimed_at": at,
        }
        if insert_ignoring(connection, routes, row):
            continue
        mine = sa.update(routes).where(_c.host == route.host, _c.path == route.path, _c.place == place_key(place))
        if connection.execute(mine.values(**row)).rowcount == 0:
            owner = owner_of(connection, route.host, route.path)
            held = f"{owner.project} in {owner.shown}" if owner else "another project"
            raise Conflict(
                "route.taken",
                f"{route.host}{route.path} belongs to {held}",
                thing=f"{route.host}{route.path}",
                hint="give one of them another host or path; a host may name #{Octopus.Deployment.Tenant.Name}",
            )


def owner_of(connection: sa.Connection, host: str, path: str) -> Place | None:
    """Who has the route; None where it is free."""
    row = connection.execute(sa.select(routes).where(_c.host == host, _c.path == path)).first()
    return None if row is None else Place(row.project, row.environment, row.tenant)


def user_of(connection: sa.Connection, host: str) -> Place | None:
    """Who has a route of the host, the first where several share it; None where nobody has."""
    row = connection.execute(sa.select(routes).where(_c.host == host).order_by(_c.path).limit(1)).first()
    return None if row is None else Place(row.project, row.environment, row.tenant)


_in_order = sa.select(routes).order_by(_c.service, _c.host, _c.path)
_of_places = _in_order.where(_c.place.in_(sa.bindparam("places", expanding=True)))


def of(connection: sa.Connection, place: Place) -> dict[str, tuple[Route, ...]]:
    """The place's routes by service."""
    return of_many(connection, [place])[place]


def of_many(connection: sa.Connection, places: Iterable[Place]) -> dict[Place, dict[str, tuple[Route, ...]]]:
    """Each place's routes by service; one query."""
    found: dict[Place, dict[str, tuple[Route, ...]]] = {place: {} for place in places}
    by_key = {place_key(place): its for place, its in found.items()}
    for row in connection.execute(_of_places, {"places": list(by_key)}):
        its, route = by_key[row.place], Route(row.host, row.path, row.tls, row.redirect_http)
        its[row.service] = (*its.get(row.service, ()), route)
    return found


def all_by_place(connection: sa.Connection) -> dict[Place, dict[str, tuple[Route, ...]]]:
    """The routes of every place that has one, by service; one query."""
    found: dict[Place, dict[str, tuple[Route, ...]]] = {}
    for row in connection.execute(_in_order):
        its = found.setdefault(Place(row.project, row.environment, row.tenant), {})
        its[row.service] = (*its.get(row.service, ()), Route(row.host, row.path, row.tls, row.redirect_http))
    return found


def keep_only(connection: sa.Connection, place: Place, kept: Sequence[Route]) -> None:
    """All other routes of the place are free again."""
    wanted = {(route.host, route.path) for route in kept}
    for routes_of_service in of(connection, place).values():
        for route in routes_of_service:
            if (route.host, route.path) not in wanted:
                here = (_c.host == route.host, _c.path == route.path, _c.place == place_key(place))
                connection.execute(sa.delete(routes).where(*here))
