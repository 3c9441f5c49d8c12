"""Deployments that have not begun: the question that they wait for, its withdrawal, and an end without a task."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.approval import Approval, ApprovalState
from fairlead.domain.deployment import Deployment, DeploymentOutcome, DeploymentState
from fairlead.domain.ids import ApprovalId, DeploymentId
from fairlead.store import approvals, deployments, environments, projects
from fairlead.store.database import Connection
from fairlead.usecases import places, telling, tenancy, turns
from fairlead.usecases.context import Context
from fairlead.usecases.going import Going


def wait(
    context: Context,
    connection: Connection,
    going: Going,
    made: Deployment,
    *,
    expires_s: int,
) -> None:
    """The question whether it may begin is put; without an answer it expires after so long (0: never)."""
    now = context.clock.now()
    approval = Approval(
        ApprovalId(context.ids.new("apr")),
        made.id,
        made.project,
        made.environment,
        made.plan_hash,
        now,
        tenant=made.tenant,
        expires_at=now + timedelta(seconds=expires_s) if expires_s else None,
    )
    approvals.insert(connection, approval)
    context.note(
        connection,
        SYSTEM,
        "approval.waiting",
        f"{going.release.version} in {going.environment.name} waits for an approval",
        thing=approval.id,
        project=going.project.name,
        environment=going.environment.name,
        tenant=going.place.tenant,
    )
    telling.approval_waits(context, connection, going, approval)


def supersede(
    context: Context,
    connection: Connection,
    actor: Actor,
    going: Going,
) -> None:
    """A release that reaches the gate takes the place of older ones, and of an earlier wish for itself, that wait there
    for the same tenant. A newer one goes on waiting: who brings an older one back did not say no to it."""
    project, environment, release = going.project, going.environment, going.release
    whose = going.tenant.id if going.tenant else None
    mine = approvals.of_tenant(whose)
    asked = tuple(approvals.waiting(connection, mine, project=project.id, environment=environment.id))
    wished = deployments.many(connection, [one.deployment for one in asked])
    for waiting in asked:
        if wished[waiting.deployment].release > release.id:
            continue
        reason = f"superseded by {release.version}, which reached the same gate"
        approvals.update(
            connection,
            replace(waiting, state=ApprovalState.SUPERSEDED, answered_at=context.clock.now(), note=reason),
        )
        end_without_task(context, connection, waiting.deployment, DeploymentOutcome.SUPERSEDED, reason)
        context.note(
            connection,
            actor,
            "approval.superseded",
            reason,
            thing=waiting.id,
            project=project.name,
            environment=environment.name,
            tenant=going.place.tenant,
        )
    for held in deployments.held_back(connection, project=project.id, environment=environment.id):
        if held.tenant != whose or held.release > release.id:
            continue
        reason = f"superseded by {release.version}, which was asked for while a freeze held it back"
        end_without_task(context, connection, held.id, DeploymentOutcome.SUPERSEDED, reason)


def withdraw_approval(context: Context, connection: Connection, deployment: Deployment, reason: str) -> None:
    """The question whether it may begin is withdrawn."""
    for asked in approvals.of_deployment(connection, deployment.id):
        if asked.state is ApprovalState.WAITING:
            answered_at = context.clock.now()
            withdrawn = replace(asked, state=ApprovalState.SUPERSEDED, answered_at=answered_at, note=reason)
            approvals.update(connection, withdrawn)


def end_without_task(
    context: Context,
    connection: Connection,
    id: DeploymentId,
    outcome: DeploymentOutcome,
    reason: str,
    *,
    code: str = "",
    hint: str = "",
) -> None:
    """A deployment that never began ends so; routes that only it had claimed are free again."""
    deployments.change(
        connection,
        id,
        state=DeploymentState.ENDED.value,
        outcome=outcome.value,
        reason=reason,
        code=code,
        hint=hint,
        ended_at=context.clock.now(),
    )
    ended = deployments.get(connection, id)
    owner, where = projects.get(connection, ended.project), environments.get(connection, ended.environment)
    places.give_back(context, connection, owner, where, tenancy.of(connection, ended.tenant))
    turns.tell_parent(context, connection, ended)
