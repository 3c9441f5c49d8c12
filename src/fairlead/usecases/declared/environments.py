"""Environments by declaration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.formats.declared.environments import ENVIRONMENTS, EnvironmentItem
from fairlead.store import environments as rows
from fairlead.store.database import Connection
from fairlead.usecases import environments
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun


class Environments(Noun[EnvironmentItem]):
    """In their order."""

    layout = ENVIRONMENTS

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[EnvironmentItem]]:
        actor.require(Permission.VIEW)
        for one in rows.all_of(connection):
            item = EnvironmentItem(
                name=one.name,
                description=one.description,
                asks_approval=one.asks_approval,
                approval_expires_s=one.approval_expires_s,
                guided=one.is_guided,
            )
            yield Held("", item)

    def add(self, at: Applying, project: str, item: EnvironmentItem) -> None:
        environments.add(
            at.context,
            at.actor,
            item.name,
            description=item.description,
            asks_approval=item.asks_approval,
            approval_expires_s=item.approval_expires_s,
            is_guided=item.guided,
        )

    def change(self, at: Applying, old: Held[EnvironmentItem], new: EnvironmentItem) -> None:
        environments.change(
            at.context,
            at.actor,
            old.item.name,
            description=new.description,
            asks_approval=new.asks_approval,
            approval_expires_s=new.approval_expires_s,
            is_guided=new.guided,
        )

    def remove(self, at: Applying, held: Held[EnvironmentItem]) -> None:
        environments.remove(at.context, at.actor, held.item.name)

    def arrange(self, at: Applying, names: Sequence[str]) -> None:
        environments.arrange(at.context, at.actor, names)
