"""Environments of the installation."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead.domain.environment import Environment
from fairlead.domain.names import slug
from fairlead.store.schema import flag, key, metadata, number, text
from fairlead.store.shelf import Shelf

environments = sa.Table(
    "environments",
    metadata,
    key(),
    text("name", unique=True),
    number("order"),
    text("description"),
    number("revision"),
    flag("asks_approval"),
    flag("is_guided"),
    number("approval_expires_s"),
    text("slug", unique=True),
)


def _slug(environment: Environment) -> dict[str, object]:
    """Things in the world are named by it, so no two environments may share one."""
    return {"slug": slug(environment.name)}


_shelf = Shelf(environments, Environment, unknown="environment.unknown", exists="environment.exists", more=_slug)
insert, get, find, update, delete = _shelf.insert, _shelf.get, _shelf.find, _shelf.update, _shelf.delete


def all_of(connection: sa.Connection) -> tuple[Environment, ...]:
    """All, in their order."""
    return _shelf.all(connection, "order", "name")


def by_name(connection: sa.Connection, name: str) -> Environment:
    """By name, without regard to case; NotFound `environment.unknown`."""
    return _shelf.require(find_by_name(connection, name), name)


def find_by_name(connection: sa.Connection, name: str) -> Environment | None:
    """By name, without regard to case; None where there is none."""
    return _shelf.one(connection, sa.func.lower(environments.c.name) == name.lower())


def by_name_or_id(connection: sa.Connection, text: str) -> Environment:
    """As people and programs name it; NotFound `environment.unknown`."""
    return find(connection, text) or by_name(connection, text)
