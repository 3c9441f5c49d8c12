"""Deployment freezes by declaration."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.domain.zones import nearest_shown
from fairlead.formats.declared.freezes import FREEZES, FreezeItem, normal
from fairlead.store import environments, projects, tenants
from fairlead.store import freezes as rows
from fairlead.store.database import Connection
from fairlead.usecases import freezes
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun
from fairlead.usecases.freezes import Draft


class Freezes(Noun[FreezeItem]):
    """By name. A project or environment that no longer exists is told by its id, so that no freeze seems to hold
    everywhere."""

    layout = FREEZES

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[FreezeItem]]:
        actor.require(Permission.VIEW)
        owners = projects.names(connection)
        places = {one.id: one.name for one in environments.all_of(connection)}
        whose = tenants.names(connection)
        for one in rows.all_of(connection):
            item = FreezeItem(
                name=one.name,
                reason=one.reason,
                starts_at=nearest_shown(one.starts_at),
                ends_at=nearest_shown(one.ends_at) if one.ends_at else None,
                cron=one.cron,
                zone=one.zone,
                lasts_s=one.lasts_s,
                binds_runbooks=one.binds_runbooks,
                projects=tuple(owners.get(id, id) for id in one.projects),
                environments=tuple(places.get(id, id) for id in one.environments),
                tenants=tuple(whose.get(id, id) for id in one.tenants),
            )
            yield Held("", normal(item))

    def add(self, at: Applying, project: str, item: FreezeItem) -> None:
        freezes.add(at.context, at.actor, _draft(item))

    def change(self, at: Applying, old: Held[FreezeItem], new: FreezeItem) -> None:
        freezes.change(at.context, at.actor, old.item.name, _draft(new))

    def remove(self, at: Applying, held: Held[FreezeItem]) -> None:
        freezes.remove(at.context, at.actor, held.item.name)


def _draft(item: FreezeItem) -> Draft:
    return Draft(
        item.name,
        starts_at=item.starts_at,
        ends_at=item.ends_at,
        projects=item.projects,
        environments=item.environments,
        reason=item.reason,
        cron=item.cron,
        zone=item.zone,
        lasts_s=item.lasts_s,
        binds_runbooks=item.binds_runbooks,
        tenants=item.tenants,
    )
