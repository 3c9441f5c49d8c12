"""Marking a deployment that went live as failed: what a person found out afterwards, beside how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fairlead.domain.actor import Actor
from fairlead.domain.deployment import Deployment, DeploymentOutcome
from fairlead.domain.errors import Conflict, Invalid
from fairlead.domain.permission import Permission
from fairlead.domain.task import Task, TaskKind, TaskState
from fairlead.store import deployments
from fairlead.store.database import Connection
from fairlead.store.reach import within
from fairlead.usecases.context import Context
from fairlead.usecases.deployments import DeploymentView, require_of, views

LONGEST_REASON = 10_000
WENT_LIVE: tuple[TaskKind, ...] = ("deployment", "rollback")
"""Tasks whose subject is a deployment."""


def mark_failed(context: Context, actor: Actor, id: str, reason: str) -> DeploymentView:
    """Recorded, and nothing else: what is live, where to go back to and what the lifecycle allows stay as they are.
    Conflict `deployment.not_live` where it did not go live or has not ended, `deployment.marked` where somebody did
    before."""
    actor.require_somewhere(Permission.DEPLOYMENT_CREATE)
    said = reason.strip()
    if not said or len(said) > LONGEST_REASON:
        raise Invalid("input.invalid", f"say why in 1 to {LONGEST_REASON:,} characters", thing="reason")
    with context.database.transaction() as connection:
        found = _found(connection, actor, id)
        if not found.has_ended or found.outcome is not DeploymentOutcome.LIVE:
            how = found.outcome.words if found.has_ended else f"is {found.state.value}"
            raise Conflict(
                "deployment.not_live", f"only a deployment that went live can be marked: this one {how}", thing=found.id
            )
        if found.marked_at is not None:
            raise Conflict(
                "deployment.marked", f"{found.marked_by} has already marked it: {found.marked_why}", thing=found.id
            )
        made = replace(found, marked_at=context.clock.now(), marked_by=actor.name, marked_why=said)
        words = f"marked as failed: {said[:300]}"
        return _saved(context, connection, actor, found, made, "deployment.marked_failed", words)


def unmark(context: Context, actor: Actor, id: str) -> DeploymentView:
    """It was a mistake: the mark is gone, and both acts stay in the audit. Nothing happens to one without a mark."""
    actor.require_somewhere(Permission.DEPLOYMENT_CREATE)
    with context.database.transaction() as connection:
        found = _found(connection, actor, id)
        if found.marked_at is None:
            return views(connection, [found])[0]
        made = replace(found, marked_at=None, marked_by="", marked_why="")
        words = "took back that it was marked as failed"
        return _saved(context, connection, actor, found, made, "deployment.unmarked", words)


def of_tasks(context: Context, actor: Actor, tasks: Sequence[Task]) -> Mapping[str, Deployment]:
    """Those of the tasks' deployments that are marked, by their ids (`Task.subject`), as far as the actor may
    view them."""
    actor.require_somewhere(Permission.VIEW)
    went_live = [one.subject for one in tasks if one.kind in WENT_LIVE and one.state is TaskState.SUCCEEDED]
    if not went_live:
        return {}
    with context.database.reading() as connection:
        c = deployments.deployments.c
        mine = within(actor.reach(Permission.VIEW), project=c.project, environment=c.environment, tenant=c.tenant)
        return {one.id: one for one in deployments.marked(connection, went_live, *mine)}


def _found(connection: Connection, actor: Actor, id: str) -> Deployment:
    found = deployments.get(connection, id)
    require_of(actor, Permission.DEPLOYMENT_CREATE, found)
    return found


def _saved(
    context: Context,
    connection: Connection,
    actor: Actor,
    found: Deployment,
    made: Deployment,
    kind: str,
    words: str,
) -> DeploymentView:
    saved = deployments.update(connection, made)
    view = views(connection, [saved])[0]
    context.note(
        connection,
        actor,
        kind,
        words,
        thing=saved.id,
        project=view.project,
        environment=view.environment,
        tenant=view.tenant or None,
        before=found,
        after=saved,
    )
    return view
