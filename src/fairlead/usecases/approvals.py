"""Approvals: what waits for a person, and answering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.approval import Approval, ApprovalState
from fairlead.domain.deployment import DeploymentOutcome
from fairlead.domain.errors import Conflict, Invalid, Refused
from fairlead.domain.permission import Permission
from fairlead.store import approvals, deployments, environments, projects, tenants
from fairlead.store.database import Connection
from fairlead.store.reach import within
from fairlead.store.shelf import Condition, Page
from fairlead.usecases import following, gates, planning
from fairlead.usecases.context import Context
from fairlead.usecases.deployments import DeploymentView, begin, require_of, views
from fairlead.usecases.going import going_of
from fairlead.usecases.waiting import end_without_task

LONGEST_NOTE = 10_000


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """An approval and the deployment that it is about."""

    approval: Approval
    of: DeploymentView


def page(
    context: Context,
    actor: Actor,
    *,
    state: ApprovalState | None = None,
    project: str = "",
    environment: str = "",
    tenant: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page[ApprovalView]:
    """The newest first; NotFound where there is no such project, environment or tenant."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        fitting, c = [*_seen_by(actor)], approvals.approvals.c
        if project:
            fitting.append(c.project == projects.by_name_or_id(connection, project).id)
        if environment:
            fitting.append(c.environment == environments.by_name_or_id(connection, environment).id)
        if tenant:
            fitting.append(c.tenant == tenants.by_name_or_id(connection, tenant).id)
        part = approvals.page(connection, *fitting, state=state, after=after, limit=limit)
        about = deployments.many(connection, [approval.deployment for approval in part.items])
        shown = views(connection, [about[approval.deployment] for approval in part.items])
        return Page(tuple(ApprovalView(one, of) for one, of in zip(part.items, shown, strict=True)), part.after)


def count_waiting(context: Context, actor: Actor, *, most: int) -> int:
    """How many wait for somebody, of those that the actor may view; counted up to `most`."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        return approvals.count_waiting(connection, *_seen_by(actor), most=most)


def _seen_by(actor: Actor) -> Sequence[Condition]:
    c = approvals.approvals.c
    return within(actor.reach(Permission.VIEW), project=c.project, environment=c.environment, tenant=c.tenant)


def get(context: Context, actor: Actor, id: str) -> ApprovalView:
    """By id."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = approvals.get(connection, id)
        require_of(actor, Permission.VIEW, found)
        return _view(connection, found)


def approve(context: Context, actor: Actor, id: str, *, note: str = "", plan_hash: str = "") -> ApprovalView:
    """The deployment that was shown is queued; at its turn it runs only if its plan still has the hash that
    was approved (law 4). Refused `plan.changed` where `plan_hash` names another plan, or where another would run now:
    the approval waits on. Conflict `approval.answered`, `approval.expired`."""
    actor.require_somewhere(Permission.DEPLOYMENT_APPROVE)
    with context.database.transaction() as connection:
        asked = approvals.get(connection, id)
        require_of(actor, Permission.DEPLOYMENT_APPROVE, asked)
        _require_unchanged(context, connection, asked, plan_hash)
        answered = _answer(context, connection, actor, id, ApprovalState.APPROVED, note)
        deployment = deployments.get(connection, answered.deployment)
        going = going_of(connection, deployment)
        no = gates.expired(deployment.not_after, at=context.clock.now()) or gates.closed(
            connection,
            going,
            at=context.clock.now(),
            passes_freezes=bool(deployment.freeze_override or deployment.not_before),
        )
        if no is not None:
            raise no
        begin(context, connection, going, deployment, approved_by=actor.name)
        view = _view(connection, answered)
    context.durable.wake()
    return view


def reject(context: Context, actor: Actor, id: str, *, note: str = "") -> ApprovalView:
    """The deployment ends without having begun."""
    actor.require_somewhere(Permission.DEPLOYMENT_APPROVE)
    with context.database.transaction() as connection:
        require_of(actor, Permission.DEPLOYMENT_APPROVE, approvals.get(connection, id))
        answered = _answer(context, connection, actor, id, ApprovalState.REJECTED, note)
        reason = f"rejected by {actor.name}" + (f": {note}" if note else "")
        end_without_task(context, connection, answered.deployment, DeploymentOutcome.REJECTED, reason)
        return _view(connection, answered)


def expire(context: Context) -> int:
    """Those that nobody answered in the time that was given end, and their deployments with them; how many."""
    with context.database.transaction() as connection:
        found = approvals.expired(connection, context.clock.now())
        for asked in found:
            _expire(context, connection, asked)
    if found:
        context.durable.wake()
    return len(found)


def _expire(context: Context, connection: Connection, asked: Approval) -> None:
    no = _too_late(asked)
    answered_at = context.clock.now()
    approvals.update(connection, replace(asked, state=ApprovalState.EXPIRED, answered_at=answered_at, note=no.message))
    view = _view(connection, asked).of
    context.note(
        connection,
        SYSTEM,
        "approval.expired",
        f"{view.version} in {view.where}: {no.message}",
        thing=asked.id,
        project=view.project,
        environment=view.environment,
        tenant=view.tenant or None,
    )
    hint = planning.ask_anew(view.version, view.environment, view.tenant)
    end_without_task(
        context, connection, asked.deployment, DeploymentOutcome.REFUSED, no.message, code=no.code, hint=hint
    )
    following.tell_end(context, connection, deployments.get(connection, asked.deployment))


def _too_late(asked: Approval) -> Conflict:
    until = f"{asked.expires_at:%Y-%m-%d %H:%M:%S} UTC" if asked.expires_at else ""
    return Conflict("approval.expired", f"nobody answered to its approval until {until}", thing=asked.id)


def _require_unchanged(context: Context, connection: Connection, asked: Approval, named: str) -> None:
    if asked.state is not ApprovalState.WAITING:
        return
    if named:
        planning.require_plan(named, asked.plan_hash, what="is asked about")
    deployment = deployments.get(connection, asked.deployment)
    now = planning.intend_again(context, connection, going_of(connection, deployment), deployment)
    if now.plan_hash != asked.plan_hash:
        changes = planning.changes_since(context, asked.plan_hash, now)
        view = views(connection, [deployment])[0]
        raise Refused(
            "plan.changed",
            planning.changed_words(asked.plan_hash, now.plan_hash, changes),
            thing=asked.id,
            hint=planning.ask_anew(view.version, view.environment, view.tenant),
        )


def _answer(
    context: Context, connection: Connection, actor: Actor, id: str, state: ApprovalState, note: str
) -> Approval:
    if len(note) > LONGEST_NOTE:
        raise Invalid("input.too_large", f"a note has at most {LONGEST_NOTE:,} characters", thing="note")
    asked = approvals.get(connection, id)
    if asked.state is not ApprovalState.WAITING:
        by = f" by {asked.answered_by}" if asked.answered_by else ""
        raise Conflict("approval.answered", f"it was already {asked.state.value}{by}", thing=id)
    if asked.expires_at is not None and asked.expires_at <= context.clock.now():
        raise _too_late(asked)
    answered = approvals.update(
        connection,
        replace(asked, state=state, answered_at=context.clock.now(), answered_by=actor.name, note=note),
    )
    view = _view(connection, answered).of
    context.note(
        connection,
        actor,
        f"approval.{state.value}",
        f"{state.value} {view.version} for {view.environment}" + (f": {note[:200]}" if note else ""),
        thing=id,
        project=view.project,
        environment=view.environment,
        tenant=view.tenant or None,
        facts={"plan_hash": asked.plan_hash},
    )
    return answered


def _view(connection: Connection, approval: Approval) -> ApprovalView:
    return ApprovalView(approval, views(connection, [deployments.get(connection, approval.deployment)])[0])
