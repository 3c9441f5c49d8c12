"""For whom steps run on a target: its tenancy, the tenants that it names, and their tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairlead.domain.actor import Actor
from fairlead.domain.project import Tenancy
from fairlead.domain.target import Target, checked_tenancy
from fairlead.domain.tenant import Tenant, known_tags
from fairlead.store import tenants
from fairlead.store.database import Connection
from fairlead.usecases.named_tenants import named_anew


@dataclass(frozen=True, slots=True)
class Serving:
    """What is to differ, None: stays. `tenants` by name or id, `tags` as `Set/Tag`; neither: all that the tenancy
    lets it serve."""

    tenancy: Tenancy | None = None
    tenants: Sequence[str] | None = None
    tags: Sequence[str] | None = None


AS_IT_IS = Serving()


def bound(connection: Connection, actor: Actor, target: Target, wanted: Serving) -> Target:
    """The target, for whom it is wanted; one that becomes untenanted names nobody any more. Who names tenants anew
    must be allowed to view them, and those that were named. NotFound `tenant.unknown`; Invalid `tenant.tag`,
    `target.tenancy`."""
    changed = target if wanted.tenancy is None else replace(target, tenancy=wanted.tenancy)
    if wanted.tenancy is Tenancy.UNTENANTED and changed.tenancy is not target.tenancy:
        changed = replace(changed, tenants=(), tenant_tags=())
    if wanted.tenants is not None:
        found = named_anew(connection, actor, wanted.tenants, before=target.tenants)
        changed = replace(changed, tenants=found)
    elif changed.tenants != target.tenants:
        named_anew(connection, actor, (), before=target.tenants)
    if wanted.tags is not None:
        changed = replace(changed, tenant_tags=known_tags(wanted.tags, tenants.sets(connection)))
    return checked_tenancy(changed)


def serves_more(connection: Connection, old: Target, new: Target) -> bool:
    """Whether it serves somebody now whom it did not serve before."""
    if (old.tenancy, old.tenants, old.tenant_tags) == (new.tenancy, new.tenants, new.tenant_tags):
        return False
    everybody: list[Tenant | None] = [None, *tenants.all_of(connection)]
    return any(new.serves(one) and not old.serves(one) for one in everybody)
