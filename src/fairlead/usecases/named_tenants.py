"""Tenants that something names: their ids for who may name them, and their names for who may view them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fairlead.domain.actor import Actor
from fairlead.domain.ids import TenantId
from fairlead.domain.permission import Permission
from fairlead.store import tenants
from fairlead.store.database import Connection


def named_anew(
    connection: Connection, actor: Actor, names: Sequence[str], *, before: Sequence[TenantId] = ()
) -> tuple[TenantId, ...]:
    """Their ids, each once. Who names others than `before` must be allowed to view them all, and those that were named:
    NotAllowed. NotFound `tenant.unknown`."""
    found = tuple(dict.fromkeys(tenants.by_name_or_id(connection, name).id for name in names))
    if found != tuple(before):
        for id in (*found, *before):
            actor.require_somewhere(Permission.VIEW, tenant=id)
    return found


def names_for(connection: Connection, actor: Actor, ids: Iterable[TenantId]) -> dict[TenantId, str]:
    """Of these, those that the actor may view: their names by id, in the order of the names; no query for none."""
    wanted = set(ids)
    if not wanted:
        return {}
    known = tenants.names(connection, wanted)
    return {TenantId(id): name for id, name in known.items() if actor.may_somewhere(Permission.VIEW, tenant=id)}
