"""Packages of the built-in feed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from fairlead.domain.package import Package
from fairlead.store.schema import instant, key, metadata, number, text
from fairlead.store.shelf import Page, Shelf

packages = sa.Table(
    "packages",
    metadata,
    key(),
    text("name"),
    text("version"),
    text("ending"),
    text("blob"),
    number("size_bytes"),
    instant("created_at"),
    text("created_by"),
    number("revision"),
    text("name_key"),
    sa.UniqueConstraint("name_key", "version"),
)


def _key(one: Package) -> Mapping[str, object]:
    return {"name_key": one.name.lower()}


_shelf = Shelf(packages, Package, unknown="package.unknown", exists="package.exists", more=_key)
insert, update, delete = _shelf.insert, _shelf.update, _shelf.delete
_c = packages.c


def find(connection: sa.Connection, name: str, version: str) -> Package | None:
    """Of this id (whatever its case) and version; None where there is none."""
    return _shelf.one(connection, _c.name_key == name.lower(), _c.version == version)


def versions_of(connection: sa.Connection, names: Iterable[str]) -> dict[str, list[str]]:
    """The versions that the feed has of each of these ids, by the id in lower case; one query."""
    wanted = {name.lower() for name in names}
    found: dict[str, list[str]] = {}
    for name, version in connection.execute(sa.select(_c.name_key, _c.version).where(_c.name_key.in_(wanted))):
        found.setdefault(name, []).append(version)
    return found


def page(connection: sa.Connection, *, name: str = "", after: str | None = None, limit: int = 50) -> Page[Package]:
    """The newest first; of one id, or of all."""
    conditions = [_c.name_key == name.lower()] if name else []
    return _shelf.page(connection, *conditions, after=after, limit=limit)


def newest_of_each(connection: sa.Connection) -> tuple[Package, ...]:
    """Of each id what was pushed last, whatever the case of the id; the newest first."""
    newest = sa.select(sa.func.max(_c.id)).group_by(_c.name_key)
    return _shelf.where(connection, _c.id.in_(newest), order=_c.id.desc())


def naming_blob(key: str) -> sa.Exists:
    """That a package has these bytes."""
    return sa.exists().where(_c.blob == key)
