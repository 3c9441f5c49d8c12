"""What can keep a deployment from beginning beside its lifecycle's phases: a freeze, a defect, the end of its time.

Asked when it is asked for, when it is approved, and once more when it gets its turn; of people and of Fairlead alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from fairlead.domain.actor import Actor
from fairlead.domain.environment import Environment
from fairlead.domain.errors import Conflict, FairleadError, Invalid
from fairlead.domain.freeze import Freeze
from fairlead.domain.ids import TenantId
from fairlead.domain.lifecycle import held_back
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.tenant import Tenant
from fairlead.domain.zones import zone_named
from fairlead.store import defects, freezes
from fairlead.store.database import Connection
from fairlead.usecases import tenancy
from fairlead.usecases.context import Context
from fairlead.usecases.going import Going

LONGEST_REASON = 2000


def closed(connection: Connection, going: Going, *, at: datetime, passes_freezes: bool = False) -> FairleadError | None:
    """The rule that says no now; None where none does. Freezes bind none who passes them over, nor, before its time
    has come, what is to begin later."""
    whose = going.tenant.id if going.tenant else None
    return _defective(connection, going) or (
        None if passes_freezes else _frozen(connection, going.project, going.environment, at, whose)
    )


@dataclass(frozen=True, slots=True)
class Hold:
    """What holds a deployment back that waits for a freeze's end: the freeze by name, `until` when, and why."""

    by: str
    until: datetime
    no: FairleadError


def held_until(
    connection: Connection,
    project: Project,
    environment: Environment,
    *,
    at: datetime,
    tenant: TenantId | None = None,
) -> Hold | None:
    """The freeze that ends last of those that hold there now (for the tenant); None where none does."""
    holding = _holding(connection, project, environment, at, tenant)
    ends = [(end, one) for one in holding if (end := one.until(at, zone_named(one.zone))) is not None]
    if not ends:
        return None
    end, last = max(ends, key=lambda pair: pair[0])
    return Hold(last.name, end, _refusal(environment, last, at))


def expired(not_after: datetime | None, *, at: datetime, noun: str = "deployment") -> FairleadError | None:
    """Why it does not begin any more, where its time is over: Conflict `deployment.expired`, of a run of a runbook
    `runbook.expired`."""
    if not_after is None or at < not_after:
        return None
    return Conflict(
        f"{noun}.expired",
        f"it was not to begin after {not_after.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        thing="not_after",
        hint="ask for it again",
    )


def closed_to_runbook(
    connection: Connection,
    project: Project,
    environment: Environment,
    runbook: str,
    *,
    at: datetime,
    tenant: TenantId | None = None,
) -> FairleadError | None:
    """The freeze that binds runs of runbooks there (for the tenant) now, as Conflict `runbook.frozen`; None where none
    does."""
    holding = [one for one in _holding(connection, project, environment, at, tenant) if one.binds_runbooks]
    if not holding:
        return None
    no = _refusal(environment, holding[0], at)
    return Conflict(
        "runbook.frozen",
        f"{runbook} does not run: {no.message}, which binds runbooks, too",
        thing=holding[0].name,
        hint="wait, or override it: fairlead runbooks run … --override-freeze REASON (permission freeze.override)",
    )


def require_override(
    context: Context,
    connection: Connection,
    actor: Actor,
    project: Project,
    environment: Environment,
    reason: str,
    *,
    tenant: Tenant | None = None,
) -> None:
    """That the actor may pass a freeze over, with a reason that can be kept; a line in the audit where one holds."""
    actor.require_somewhere(Permission.FREEZE_OVERRIDE)
    whose = tenant.id if tenant else None
    actor.require(Permission.FREEZE_OVERRIDE, project=project.id, environment=environment.id, tenant=whose)
    if len(reason) > LONGEST_REASON or not reason.strip():
        raise Invalid("input.invalid", f"a reason has 1 to {LONGEST_REASON} characters", thing="override_freeze")
    for freeze in _holding(connection, project, environment, context.clock.now(), whose):
        context.note(
            connection,
            actor,
            "freeze.overridden",
            f"passed over freeze {freeze.name}: {reason}",
            thing=freeze.id,
            project=project.name,
            environment=environment.name,
            tenant=tenant.name if tenant else None,
        )


def _frozen(
    connection: Connection, project: Project, environment: Environment, at: datetime, tenant: TenantId | None
) -> FairleadError | None:
    holding = _holding(connection, project, environment, at, tenant)
    if not holding:
        return None
    return _refusal(environment, holding[0], at)


def _refusal(environment: Environment, freeze: Freeze, at: datetime) -> FairleadError:
    end = freeze.until(at, zone_named(freeze.zone))
    when = f" until {end.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if end is not None and end.year < 9999 else ""
    why = f": {freeze.reason}" if freeze.reason else ""
    return Conflict(
        "deployment.frozen",
        f"{environment.name} is frozen{when} by {freeze.name}{why}",
        thing=freeze.name,
        hint="wait, or override it: fairlead deploy … --override-freeze REASON (permission freeze.override)",
    )


def _holding(
    connection: Connection, project: Project, environment: Environment, at: datetime, tenant: TenantId | None
) -> list[Freeze]:
    return [
        one
        for one in freezes.around(connection, at)
        if one.covers(project.id, environment.id, tenant) and one.until(at, zone_named(one.zone)) is not None
    ]


def _defective(connection: Connection, going: Going) -> FairleadError | None:
    release = going.release
    found = defects.open_of(connection, release.id)
    if found is None:
        return None
    way = tenancy.way(connection, going.project, release, going.tenant)
    why_not = held_back(way.line, way.reached, going.environment.id)
    if why_not is None:
        return None
    return Conflict(
        "deployment.defect",
        f"{release.version} may not go on to {going.environment.name}: {why_not} ({found.description[:200]})",
        thing=release.version,
        hint=f"when it is fixed: fairlead defects resolve {found.id}",
    )
