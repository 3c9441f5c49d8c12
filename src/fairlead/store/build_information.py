"""What build servers say of packages, by package and version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from fairlead.domain.build_information import BuildInformation
from fairlead.store.rows import nouns
from fairlead.store.schema import data, instant, key, metadata, number, text
from fairlead.store.shelf import Page, Shelf

build_information = sa.Table(
    "build_information",
    metadata,
    key(),
    text("package"),
    text("version"),
    instant("created_at"),
    text("build_environment"),
    text("build_number"),
    text("build_url"),
    text("branch"),
    text("vcs_type"),
    text("vcs_root"),
    text("commit"),
    data("commits"),
    data("work_items"),
    text("created_by"),
    number("revision"),
    text("package_key"),
    sa.UniqueConstraint("package_key", "version"),
)


def _key(one: BuildInformation) -> Mapping[str, object]:
    return {"package_key": one.package.lower()}


_shelf = Shelf(
    build_information,
    BuildInformation,
    unknown="build_information.unknown",
    exists="build_information.exists",
    more=_key,
)
insert, get, update, delete = _shelf.insert, _shelf.get, _shelf.update, _shelf.delete
_c = build_information.c
AT_ONCE = 300


def find(connection: sa.Connection, package: str, version: str) -> BuildInformation | None:
    """Of this package (whatever its case) and version; None where nothing was said."""
    return _shelf.one(connection, _c.package_key == package.lower(), _c.version == version)


def page(
    connection: sa.Connection, *, package: str = "", after: str | None = None, limit: int = 50
) -> Page[BuildInformation]:
    """The newest first; of one package, or of all."""
    conditions = [_c.package_key == package.lower()] if package else []
    return _shelf.page(connection, *conditions, after=after, limit=limit)


def of_packages(connection: sa.Connection, wanted: Iterable[tuple[str, str]]) -> tuple[BuildInformation, ...]:
    """What was said of these packages and versions, by package."""
    keys = sorted({(package.lower(), version) for package, version in wanted})
    found: list[BuildInformation] = []
    for start in range(0, len(keys), AT_ONCE):
        part = keys[start : start + AT_ONCE]
        rows = connection.execute(
            sa.select(build_information).where(sa.tuple_(_c.package_key, _c.version).in_(part)).order_by(_c.package_key)
        )
        found += nouns(BuildInformation, rows)
    return tuple(found)
