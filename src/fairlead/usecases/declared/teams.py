"""Teams by declaration."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.formats.declared.teams import TEAMS, HeldRoleItem, TeamItem, normal
from fairlead.store.database import Connection
from fairlead.usecases import teams
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun
from fairlead.usecases.teams import HeldRole

PART = 500


class Teams(Noun[TeamItem]):
    """By name; only for who may edit users."""

    layout = TEAMS

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[TeamItem]]:
        after: str | None = None
        while actor.may(Permission.USER_EDIT):
            part = teams.page(context, actor, after=after, limit=PART)
            for view in part.items:
                roles = tuple(
                    HeldRoleItem(
                        role=one.role,
                        projects=tuple(one.projects),
                        groups=tuple(one.groups),
                        environments=tuple(one.environments),
                        tenants=tuple(one.tenants),
                    )
                    for one in view.roles
                )
                item = TeamItem(
                    name=view.team.name, description=view.team.description, members=tuple(view.members), roles=roles
                )
                yield Held("", normal(item))
            after = part.after
            if after is None:
                return

    def add(self, at: Applying, project: str, item: TeamItem) -> None:
        teams.add(
            at.context, at.actor, item.name, description=item.description, members=item.members, held=_roles(item)
        )

    def change(self, at: Applying, old: Held[TeamItem], new: TeamItem) -> None:
        teams.change(
            at.context,
            at.actor,
            old.item.name,
            description=new.description,
            members=new.members,
            held=_roles(new),
        )

    def remove(self, at: Applying, held: Held[TeamItem]) -> None:
        teams.remove(at.context, at.actor, held.item.name)


def _roles(item: TeamItem) -> list[HeldRole]:
    return [HeldRole(one.role, one.projects, one.groups, one.environments, one.tenants) for one in item.roles]
