"""Tasks: looking at them, cancelling them, taking an unsettled one up again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict
from fairlead.domain.ids import TaskId
from fairlead.domain.permission import Permission
from fairlead.domain.plan import Plan
from fairlead.domain.record import Json
from fairlead.domain.task import Task, TaskKind, TaskPhase, TaskState
from fairlead.domain.test_report import TestReport
from fairlead.formats.junit import read_junit_files
from fairlead.ports.tasks import End
from fairlead.store import artifacts, deployments, environments, projects, tasks, tenants
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases import following, reaching, restored, turns
from fairlead.usecases import interruptions as interrupting
from fairlead.usecases.context import Context, about

JUNIT = "junit"
"""The kind of artifacts that hold test results."""


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task with what belongs to it; `plan` None before it was frozen, `unsettled` None where it is not. `waits_for`
    are those that it queues behind, `outcome` is that of a deployment, where it is one's and has ended."""

    task: Task
    phases: Sequence[TaskPhase]
    facts: Mapping[str, Json]
    plan: Plan | None
    unsettled: End | None = None
    waits_for: Sequence[turns.Awaited] = ()
    outcome: str = ""


def page(
    context: Context,
    actor: Actor,
    *,
    kind: TaskKind | None = None,
    state: TaskState | None = None,
    project: str | None = None,
    environment: str = "",
    tenant: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page[Task]:
    """The newest first; NotFound `project.unknown` where none is called `project`, and none that went has tasks. The
    environment and the tenant must be there."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        c = tasks.tasks.c
        mine = reaching.seen(connection, actor, project=c.project, environment=c.environment, tenant=c.tenant)
        owner = project and projects.named(connection, project)
        name = owner.name if owner else project
        place = environments.by_name_or_id(connection, environment).name if environment else None
        whose = tenants.by_name_or_id(connection, tenant).name if tenant else None
        where = {"project": name, "environment": place, "tenant": whose}
        part = tasks.page(connection, *mine, kind=kind, state=state, **where, after=after, limit=limit)
        if project and not owner and not part.items and after is None:
            projects.by_name_or_id(connection, project)
        return part


def get(context: Context, actor: Actor, id: str) -> Task:
    """The row alone."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = tasks.get(connection, id)
        reaching.require_of_task(connection, actor, Permission.VIEW, found)
        return found


def view(context: Context, actor: Actor, id: str) -> TaskView:
    """The task with its phases, facts and plan."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = tasks.get(connection, id)
        reaching.require_of_task(connection, actor, Permission.VIEW, found)
        deployment = deployments.of_task(connection, found.id)
        outcome = deployment.outcome if deployment else None
        return TaskView(
            found,
            tasks.phases_of(connection, found.id),
            tasks.facts_of(connection, found.id),
            tasks.plan_of(connection, found.id),
            tasks.unsettled_end(connection, found),
            turns.seen_by(connection, actor, turns.awaited(connection, found)),
            outcome.value if outcome else "",
        )


def cancel(context: Context, actor: Actor, id: str) -> Task:
    """It is being stopped; what it did is undone. Conflict `task.ended`, or `task.past_commit` behind that point. One
    that is held since a backup was put back ends at once, on either side of that point, and nothing is touched."""
    actor.require_somewhere(Permission.TASK_CANCEL)
    with context.database.transaction() as connection:
        found = tasks.get(connection, id)
        reaching.require_of_task(connection, actor, Permission.TASK_CANCEL, found)
        if found.state.has_ended:
            raise Conflict("task.ended", f"{found.title} has ended: {found.state.value}", thing=found.id)
        if restored.is_held(connection, found):
            _let_go(context, connection, found, actor)
            return tasks.get(connection, id)
        deployment = deployments.of_task(connection, found.id)
        if deployment is not None and deployment.committed_at is not None:
            raise Conflict(
                "task.past_commit", f"{found.title} is past its commit point", thing=found.id, hint="fairlead rollback"
            )
        if tasks.ask_cancel(connection, found.id, by=actor.name, at=context.clock.now()):
            context.note(
                connection,
                actor,
                "task.cancel_asked",
                f"asked to cancel {found.title}",
                **about(found),
            )
        if found.state is TaskState.PAUSED:
            _cancel_paused(context, connection, found, actor)
        elif found.state is TaskState.QUEUED and not tasks.has_turn(connection, found):
            _end_unbegun(context, connection, found, actor)
        return tasks.get(connection, id)


def _let_go(context: Context, connection: Connection, task: Task, actor: Actor) -> None:
    """Held since a backup was put back: what it left may be others' by now, and stays as it is."""
    reason = f"{actor.name} let it go; it was under way in a backup that was put back, and what it left was not touched"
    restored.let_go(context, connection, task, reason)
    context.note(
        connection,
        actor,
        "task.let_go",
        f"let {task.title} go",
        **about(task),
    )


def _cancel_paused(context: Context, connection: Connection, task: Task, actor: Actor) -> None:
    """Nobody is asked any more. What it did is undone by its next run; where that is nothing, it ends now."""
    interrupting.withdraw(context, connection, task)
    if tasks.has_turn(connection, task):
        turns.go_on(context, connection, task)
    else:
        _end_unbegun(context, connection, task, actor)


def _end_unbegun(context: Context, connection: Connection, task: Task, actor: Actor) -> None:
    """It waits behind others and nothing of it was begun: it need not wait for its turn to be told to stop."""
    reason = f"cancelled by {actor.name} " + ("while it waited" if task.begun_at else "before it began")
    tasks.finish(connection, task.id, End(TaskState.CANCELLED, "task.cancelled", reason), at=context.clock.now())
    following.ended(context, connection, tasks.get(connection, task.id))


def may_resume(context: Context, actor: Actor, id: str) -> TaskId:
    """The id of a task that stands unsettled and may be taken up by hand; Conflict `task.ended` for any other."""
    actor.require_somewhere(Permission.DEPLOYMENT_CREATE)
    with context.database.transaction() as connection:
        found = tasks.get(connection, id)
        reaching.require_of_task(connection, actor, Permission.DEPLOYMENT_CREATE, found)
        if found.state is not TaskState.UNSETTLED:
            raise Conflict("task.ended", f"{found.title} is not unsettled: it is {found.state.value}", thing=found.id)
        context.note(
            connection,
            actor,
            "task.resumed",
            f"took up {found.title} again",
            **about(found),
        )
    return found.id


def test_reports(context: Context, actor: Actor, id: str) -> Mapping[str, TestReport]:
    """What the task's tests left in JUnit files, by their kind (pre-deployment, post-integration, …)."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = tasks.get(connection, id)
        reaching.require_of_task(connection, actor, Permission.VIEW, found)
        names = sorted(name for name, what in artifacts.names(connection, found.id).items() if what == JUNIT)
        keys = {name: artifacts.blob_of(connection, found.id, name) for name in names}
    kinds: dict[str, dict[str, bytes]] = {}
    for name, key in keys.items():
        if key:
            kinds.setdefault(name.partition("/")[0], {})[name] = context.artifacts.content(key)
    return {kind: read_junit_files(files) for kind, files in kinds.items()}


def may_resume_deployment(context: Context, actor: Actor, id: str) -> TaskId:
    """The task of a deployment that stands unsettled, as `may_resume`."""
    actor.require_somewhere(Permission.DEPLOYMENT_CREATE)
    with context.database.reading() as connection:
        found = deployments.get(connection, id)
    if found.task is None:
        raise Conflict("task.ended", f"the deployment {id} is not unsettled: it has no task", thing=id)
    return may_resume(context, actor, found.task)
