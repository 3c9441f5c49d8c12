"""Who is told of what, by declaration."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.notification import NotificationTarget
from fairlead.domain.permission import Permission
from fairlead.formats.declared.layout import SecretField
from fairlead.formats.declared.notifications import NOTIFICATIONS, NotificationItem
from fairlead.store import notifications as rows
from fairlead.store import projects
from fairlead.store.database import Connection
from fairlead.usecases import notifications
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun


class Notifications(Noun[NotificationItem]):
    """By project and address."""

    layout = NOTIFICATIONS

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[NotificationItem]]:
        actor.require(Permission.VIEW)
        owners = projects.names(connection)
        found = [(owners[one.project] if one.project else "", one) for one in rows.all_of(connection)]
        for project, one in sorted(found, key=lambda held: (held[0], held[1].address, held[1].id)):
            name = f"{project or 'notification'}/{one.address}"[:300]
            secret = SecretField(secret=name) if one.secret else None
            item = NotificationItem(address=one.address, events=one.events, secret=secret)
            yield Held(project, item, {name: one.secret} if one.secret else {})

    def add(self, at: Applying, project: str, item: NotificationItem) -> None:
        secret = at.value(item.secret)
        notifications.add(at.context, at.actor, item.address, events=item.events, secret=secret, project=project)

    def change(self, at: Applying, old: Held[NotificationItem], new: NotificationItem) -> None:
        secret = at.value(new.secret) or (None if new.secret else "")
        notifications.change(at.context, at.actor, self._row(at, old).id, events=new.events, secret=secret)

    def remove(self, at: Applying, held: Held[NotificationItem]) -> None:
        notifications.remove(at.context, at.actor, self._row(at, held).id)

    def _row(self, at: Applying, held: Held[NotificationItem]) -> NotificationTarget:
        with at.context.database.reading() as connection:
            owner = projects.by_name(connection, held.project).id if held.project else None
        mine = [one for one in notifications.all_of(at.context, at.actor) if one.project == owner]
        return next(one for one in mine if (one.address, one.events) == (held.item.address, held.item.events))
