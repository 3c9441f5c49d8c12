"""Allowances by declaration."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.formats.declared.policies import POLICIES, PolicyItem
from fairlead.store import environments, projects
from fairlead.store import policies as rows
from fairlead.store.database import Connection
from fairlead.usecases import policies
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun


class Policies(Noun[PolicyItem]):
    """By project and harm."""

    layout = POLICIES

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[PolicyItem]]:
        actor.require(Permission.VIEW)
        owners = projects.names(connection)
        places = {one.id: one.name for one in environments.all_of(connection)}
        made = {
            (owners[one.project], item.spelt): item
            for one in rows.all_of(connection)
            for item in [
                PolicyItem(
                    allow=one.harm,
                    environment=places.get(one.environment, "") if one.environment else "",
                    note=one.note,
                )
            ]
        }
        for (project, _), item in sorted(made.items(), key=lambda one: one[0]):
            yield Held(project, item)

    def add(self, at: Applying, project: str, item: PolicyItem) -> None:
        policies.allow(at.context, at.actor, project, item.allow, environment=item.environment, note=item.note)

    def change(self, at: Applying, old: Held[PolicyItem], new: PolicyItem) -> None:
        self.remove(at, old)
        self.add(at, old.project, new)

    def remove(self, at: Applying, held: Held[PolicyItem]) -> None:
        for one in policies.all_of(at.context, at.actor, project=held.project):
            if (one.allowance.harm, one.environment) == (held.item.allow, held.item.environment):
                policies.revoke(at.context, at.actor, one.allowance.id)
