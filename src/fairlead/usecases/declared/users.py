"""Users and service accounts by declaration: without passwords and keys."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.formats.declared.users import USERS, UserItem
from fairlead.store import users as rows
from fairlead.store.database import Connection
from fairlead.usecases import access, users
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun


class Users(Noun[UserItem]):
    """By name; only for who may edit them. A new person cannot sign in until an administrator gives a password."""

    layout = USERS
    is_removable = False

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[UserItem]]:
        if not actor.may(Permission.USER_EDIT):
            return
        for one in rows.all_of(connection):
            item = UserItem(
                name=one.name, email=one.email, role=one.role, enabled=one.is_enabled, service=one.is_service
            )
            yield Held("", item)

    def add(self, at: Applying, project: str, item: UserItem) -> None:
        if item.service:
            users.add_service_account(at.context, at.actor, item.name, role=item.role.value)
        else:
            access.add_user(at.context, at.actor, item.name, email=item.email, role=item.role.value)
        if not item.enabled or (item.service and item.email):
            users.change(at.context, at.actor, item.name, email=item.email, is_enabled=item.enabled)

    def change(self, at: Applying, old: Held[UserItem], new: UserItem) -> None:
        users.change(at.context, at.actor, new.name, email=new.email, role=new.role.value, is_enabled=new.enabled)
