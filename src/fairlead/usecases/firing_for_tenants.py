"""What a trigger does for each of its tenants: each by its own rules, and told of in the record."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace

from fairlead.domain.environment import Environment
from fairlead.domain.errors import Conflict, FairleadError
from fairlead.domain.project import Project
from fairlead.domain.tenant import Tenant
from fairlead.domain.trigger import MOST_TENANTS, Evaluation, TenantOutcome, Trigger, TriggerAction, TriggerKind
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
    outcomes = [_outcome(connection, trigger, one, work) for one in _meant(connection, owner, trigger, place)]
    begun = sum(one.has_fired for one in outcomes)
    told = sorted(outcomes, key=lambda one: one.has_fired)[:MOST_TENANTS]
    return replace(
        record,
        has_fired=begun > 0,
        reason=f"begun for {begun} of {len(outcomes)} tenant{'s' if len(outcomes) != 1 else ''}",
        code="" if begun else "trigger.tenants",
        tenants=tuple(sorted(told, key=lambda one: one.name.lower())),
    )


def _outcome(
    connection: Connection, trigger: Trigger, tenant: Tenant, work: Callable[[Tenant], Evaluation]
) -> TenantOutcome:
    try:
        with connection.begin_nested():
            done = work(tenant)
    except FairleadError as error:
        hint = hint_of(trigger, error)[:500]
        return TenantOutcome(
            tenant.id, tenant.name, has_fired=False, reason=error.message[:500], code=error.code, hint=hint
        )
    return TenantOutcome(
        tenant.id, tenant.name, has_fired=True, reason=done.reason[:500], deployment=done.deployment, task=done.task
    )


def hint_of(trigger: Trigger, error: FairleadError) -> str:
    """What a person can do about the trigger; of a freeze, what it will do about it itself."""
    if error.code == "deployment.nothing_to_do":
        return f"where it is to deploy all the same: fairlead triggers set {shlex.quote(trigger.name)} --force"
    if error.code not in ("deployment.frozen", "runbook.frozen"):
        return error.hint
    if trigger.kind is TriggerKind.SCHEDULE:
        return "this time is not made good when the freeze ends; the trigger's next time comes"
    again = "fairlead triggers evaluate" if trigger.action is not TriggerAction.DEPLOY_LATEST else "fairlead deploy"
    return f"it is not made good when the freeze ends: {again}"


def _meant(connection: Connection, owner: Project, trigger: Trigger, place: Environment) -> Sequence[Tenant]:
    """Each once, by name: those named, and those that the tags mean there."""
    found = dict(tenants.many(connection, trigger.tenants))
    if trigger.tenant_tags:
        found |= {one.id: one for one in tenancy.meant(connection, owner, place, trigger.tenant_tags)}
    if not found:
        raise Conflict("tenant.none", f"the tenants of {trigger.name} no longer exist", thing=trigger.name)
    return sorted(found.values(), key=lambda one: one.name.lower())
