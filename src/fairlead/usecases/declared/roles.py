"""Roles by declaration; the built-in ones are everywhere the same."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.domain.role import is_built_in
from fairlead.formats.declared.roles import ROLES, RoleItem
from fairlead.store import roles as rows
from fairlead.store.database import Connection
from fairlead.usecases import roles
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun


class Roles(Noun[RoleItem]):
    """By name."""

    layout = ROLES

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[RoleItem]]:
        actor.require(Permission.VIEW)
        for one in rows.all_of(connection):
            if not is_built_in(one):
                permissions = tuple(sorted(one.permissions))
                yield Held("", RoleItem(name=one.name, permissions=permissions, description=one.description))

    def add(self, at: Applying, project: str, item: RoleItem) -> None:
        roles.add(at.context, at.actor, item.name, item.permissions, description=item.description)

    def change(self, at: Applying, old: Held[RoleItem], new: RoleItem) -> None:
        roles.change(at.context, at.actor, old.item.name, permissions=new.permissions, description=new.description)

    def remove(self, at: Applying, held: Held[RoleItem]) -> None:
        roles.remove(at.context, at.actor, held.item.name)
