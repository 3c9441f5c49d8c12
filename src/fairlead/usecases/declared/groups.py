"""Project groups by declaration."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.formats.declared.groups import GROUPS, GroupItem
from fairlead.store import groups as rows
from fairlead.store.database import Connection
from fairlead.usecases import groups
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun


class Groups(Noun[GroupItem]):
    """By name."""

    layout = GROUPS

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[GroupItem]]:
        actor.require(Permission.VIEW)
        for one in rows.all_of(connection):
            yield Held("", GroupItem(name=one.name, description=one.description))

    def add(self, at: Applying, project: str, item: GroupItem) -> None:
        groups.add(at.context, at.actor, item.name, description=item.description)

    def change(self, at: Applying, old: Held[GroupItem], new: GroupItem) -> None:
        groups.change(at.context, at.actor, old.item.name, description=new.description)

    def remove(self, at: Applying, held: Held[GroupItem]) -> None:
        groups.remove(at.context, at.actor, held.item.name)
