"""Deployments that are to begin later: rows that take no turn, begun when their time comes, over any restart."""

from __future__ import annotations

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.approval import ApprovalState
from fairlead.domain.deployment import Deployment, DeploymentOutcome, DeploymentState
from fairlead.domain.errors import Conflict, FairleadError
from fairlead.domain.permission import Permission
from fairlead.store import approvals, deployments, environments, projects
from fairlead.store.database import Connection
from fairlead.usecases import deployments as deploying
from fairlead.usecases import following, gates, waiting
from fairlead.usecases.context import Context
from fairlead.usecases.deployments import DeploymentView
from fairlead.usecases.going import going_of

MOST_AT_ONCE = 100
"""In one transaction: the rest is looked at a moment later."""


def begin_due(context: Context) -> int:
    """Those whose time has come begin, or are refused where a rule says no by now; those that nobody approved in time
    end. How many."""
    with context.database.transaction() as connection:
        due = deployments.due(connection, context.clock.now(), limit=MOST_AT_ONCE)
        for one in due:
            _begin(context, connection, one)
    if due:
        context.durable.wake()
    return len(due)


def cancel(context: Context, actor: Actor, id: str) -> DeploymentView:
    """One that is scheduled does not begin. Conflict `deployment.not_scheduled` where it has begun or ended: its task
    can be cancelled, its approval rejected."""
    actor.require_somewhere(Permission.TASK_CANCEL)
    with context.database.transaction() as connection:
        found = deployments.get(connection, id)
        deploying.require_of(actor, Permission.TASK_CANCEL, found)
        if found.state is not DeploymentState.SCHEDULED:
            how = found.outcome.words if found.outcome else f"is {found.state.value}"
            message = f"deployment {found.number} {how}, not scheduled"
            raise Conflict("deployment.not_scheduled", message, thing=id, hint=_instead(connection, found))
        reason = f"cancelled by {actor.name} before it began"
        waiting.end_without_task(context, connection, found.id, DeploymentOutcome.CANCELLED, reason)
        view = deploying.views(connection, [deployments.get(connection, id)])[0]
        words = f"cancelled {view.version} to {view.environment}, scheduled for {found.not_before}"
        context.note(
            connection,
            actor,
            "deployment.cancelled",
            words,
            thing=found.id,
            project=view.project,
            environment=view.environment,
            tenant=view.tenant or None,
        )
    return view


def _instead(connection: Connection, found: Deployment) -> str:
    """What ends one that is not scheduled; "" where it ended."""
    if found.state is DeploymentState.WAITING:
        asked = next(
            (one for one in approvals.of_deployment(connection, found.id) if one.state is ApprovalState.WAITING), None
        )
        return f"fairlead reject {asked.id}" if asked else ""
    return f"fairlead cancel {found.task}" if found.task and found.state is not DeploymentState.ENDED else ""


def _begin(context: Context, connection: Connection, one: Deployment) -> None:
    going, now = going_of(connection, one), context.clock.now()
    owner, place = going.project, going.environment
    no = gates.expired(one.not_after, at=now) or gates.closed(
        connection, going, at=now, passes_freezes=bool(one.freeze_override)
    )
    if no is not None and no.code == deploying.FROZEN and one.waits_for_thaw:
        _hold(connection, one, gates.held_until(connection, owner, place, at=now, tenant=one.tenant))
        return
    if no is not None:
        _refuse(context, connection, one, no)
        return
    try:
        with connection.begin_nested():
            deploying.begin(context, connection, going, one, approved_by=one.approved_by)
    except FairleadError as error:
        _refuse(context, connection, one, error)
        return
    why = f"once the freeze {one.held_by} is over" if one.held_by else "as scheduled"
    words = f"{going.release.version} to {place.name} begins {why}"
    context.note(
        connection,
        SYSTEM,
        "deployment.due",
        words,
        thing=one.id,
        project=owner.name,
        environment=place.name,
        tenant=going.place.tenant,
    )


def thaw(context: Context, connection: Connection) -> None:
    """Freezes were changed: what they hold back begins when they end now, at once where none holds any more."""
    now = context.clock.now()
    for one in deployments.held_back(connection):
        owner, place = projects.get(connection, one.project), environments.get(connection, one.environment)
        held = gates.held_until(connection, owner, place, at=now, tenant=one.tenant)
        if held is None:
            deployments.change(connection, one.id, not_before=now)
        else:
            _hold(connection, one, held)


def _hold(connection: Connection, one: Deployment, held: gates.Hold | None) -> None:
    if held is not None:
        deployments.change(
            connection,
            one.id,
            not_before=held.until,
            held_by=held.by,
            code=held.no.code,
            reason=held.no.message,
            hint=deploying.HELD_HINT,
        )


def _refuse(context: Context, connection: Connection, one: Deployment, no: FairleadError) -> None:
    if one.state is DeploymentState.WAITING:
        waiting.withdraw_approval(context, connection, one, no.message)
    waiting.end_without_task(
        context, connection, one.id, DeploymentOutcome.REFUSED, no.message, code=no.code, hint=no.hint
    )
    following.tell_end(context, connection, deployments.get(connection, one.id))
