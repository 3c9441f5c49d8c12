"""An installation's own roles; the built-in ones are in the code."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from fairlead.domain.ids import RoleId
from fairlead.domain.permission import Permission
from fairlead.domain.role import BUILT_IN, BY_ID, Role
from fairlead.store.schema import data, key, metadata, number, text
from fairlead.store.shelf import Shelf

roles = sa.Table(
    "roles", metadata, key(), text("name", unique=True), data("permissions"), text("description"), number("revision")
)

_shelf = Shelf(roles, Role, unknown="role.unknown", exists="role.exists")
insert, update, delete = _shelf.insert, _shelf.update, _shelf.delete


def all_of(connection: sa.Connection) -> tuple[Role, ...]:
    """The built-in ones in their order, then the installation's own by name."""
    return (*BUILT_IN, *_shelf.where(connection, order=roles.c.name))


def by_name_or_id(connection: sa.Connection, text: str) -> Role:
    """A built-in one or an own one, as people and programs name it; NotFound `role.unknown`."""
    for role in BUILT_IN:
        if text in (role.id, role.name):
            return role
    found = _shelf.find(connection, text) or _shelf.one(connection, roles.c.name == text)
    return _shelf.require(found, text)


def permissions_of(connection: sa.Connection, ids: Iterable[RoleId]) -> dict[RoleId, frozenset[Permission]]:
    """What each of them bundles; nothing is asked of the database where all are built in."""
    wanted = set(ids)
    found = {id: BY_ID[id].permissions for id in wanted if id in BY_ID}
    if own := wanted - set(found):
        found |= {role.id: role.permissions for role in _shelf.where(connection, roles.c.id.in_(own))}
    return found
