"""What a trigger does for each of its tenants: each by its own rules, and told of in the record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from fairlead.domain.environment import Environment
from fairlead.domain.errors import Conflict, FairleadError
from fairlead.domain.project import Project
from fairlead.domain.tenant import Tenant
from fairlead.domain.trigger import MOST_TENANTS, Evaluation, TenantOutcome, Trigger
from fairlead.store import tenants
from fairlead.store.database import Connection
from fairlead.usecases import tenancy


def for_each(
    connection: Connection,
    owner: Project,
    trigger: Trigger,
    place: Environment,
    record: Evaluation,
    work: Callable[[Tenant], Evaluation],
) -> Evaluation:
    """The record with what became of `work` for each; what a rule refuses for one is undone, and does not hold up the
    others. Conflict `tenant.none` where nobody is meant there."""
    outcomes = [_outcome(connection, one, work) for one in _meant(connection, owner, trigger, place)]
    begun = sum(one.has_fired for one in outcomes)
    told = sorted(outcomes, key=lambda one: one.has_fired)[:MOST_TENANTS]
    return replace(
        record,
        has_fired=begun > 0,
        reason=f"begun for {begun} of {len(outcomes)} tenant{'s' if len(outcomes) != 1 else ''}",
        code="" if begun else "trigger.tenants",
        tenants=tuple(sorted(told, key=lambda one: one.name.lower())),
    )


def _outcome(connection: Connection, tenant: Tenant, work: Callable[[Tenant], Evaluation]) -> TenantOutcome:
    try:
        with connection.begin_nested():
            done = work(tenant)
    except FairleadError as error:
        return TenantOutcome(
            tenant.id, tenant.name, has_fired=False, reason=error.message[:500], code=error.code, hint=error.hint[:500]
        )
    return TenantOutcome(
        tenant.id, tenant.name, has_fired=True, reason=done.reason[:500], deployment=done.deployment, task=done.task
    )


def _meant(connection: Connection, owner: Project, trigger: Trigger, place: Environment) -> Sequence[Tenant]:
    """Each once, by name: those named, and those that the tags mean there."""
    found = dict(tenants.many(connection, trigger.tenants))
    if trigger.tenant_tags:
        found |= {one.id: one for one in tenancy.meant(connection, owner, place, trigger.tenant_tags)}
    if not found:
        raise Conflict("tenant.none", f"the tenants of {trigger.name} no longer exist", thing=trigger.name)
    return sorted(found.values(), key=lambda one: one.name.lower())
