"""Tenants and their tags by declaration."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.formats.declared.tenants import (
    CONNECTIONS,
    TAG_SETS,
    TENANTS,
    ConnectionItem,
    TagSetItem,
    TenantItem,
    normal_connection,
    normal_tenant,
)
from fairlead.store import environments, projects
from fairlead.store import tenants as rows
from fairlead.store.database import Connection
from fairlead.usecases import tenants
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun


class TagSets(Noun[TagSetItem]):
    """By name."""

    layout = TAG_SETS

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[TagSetItem]]:
        actor.require(Permission.VIEW)
        for one in rows.sets(connection):
            yield Held("", TagSetItem(name=one.name, description=one.description, tags=one.tags))

    def add(self, at: Applying, project: str, item: TagSetItem) -> None:
        tenants.put_tag_set(at.context, at.actor, item.name, item.tags, description=item.description)

    def change(self, at: Applying, old: Held[TagSetItem], new: TagSetItem) -> None:
        tenants.put_tag_set(at.context, at.actor, new.name, new.tags, description=new.description)

    def remove(self, at: Applying, held: Held[TagSetItem]) -> None:
        tenants.remove_tag_set(at.context, at.actor, held.item.name)


class Tenants(Noun[TenantItem]):
    """By name; their connections are told with the projects."""

    layout = TENANTS

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[TenantItem]]:
        actor.require(Permission.VIEW)
        for one in rows.all_of(connection):
            item = TenantItem(name=one.name, description=one.description, tags=one.tags)
            yield Held("", normal_tenant(item))

    def add(self, at: Applying, project: str, item: TenantItem) -> None:
        tenants.put(at.context, at.actor, tenants.Draft(item.name, item.description, item.tags))

    def change(self, at: Applying, old: Held[TenantItem], new: TenantItem) -> None:
        stays = tenants.get(at.context, at.actor, new.name).connections
        tenants.put(at.context, at.actor, tenants.Draft(new.name, new.description, new.tags, stays))

    def remove(self, at: Applying, held: Held[TenantItem]) -> None:
        tenants.remove(at.context, at.actor, held.item.name)


class Connections(Noun[ConnectionItem]):
    """By project and tenant."""

    layout = CONNECTIONS
    goes_with_project = True

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[ConnectionItem]]:
        actor.require(Permission.VIEW)
        owners = projects.names(connection)
        places = {one.id: one.name for one in environments.all_of(connection)}
        found = [
            (owners[project], one.name, tuple(places[id] for id in its if id in places))
            for one in rows.all_of(connection)
            for project, its in one.connections.items()
            if project in owners
        ]
        for project, name, its in sorted(found):
            if its:
                yield Held(project, normal_connection(ConnectionItem(tenant=name, environments=its)))

    def add(self, at: Applying, project: str, item: ConnectionItem) -> None:
        tenants.connect(at.context, at.actor, item.tenant, project, item.environments)

    def change(self, at: Applying, old: Held[ConnectionItem], new: ConnectionItem) -> None:
        tenants.connect(at.context, at.actor, new.tenant, old.project, new.environments)

    def remove(self, at: Applying, held: Held[ConnectionItem]) -> None:
        tenants.connect(at.context, at.actor, held.item.tenant, held.project, ())
