"""After a backup was put back: what was under way, queued or scheduled in it begins nothing by itself.

The books stand where they stood then, and the world does not: newer releases may be live, and what was under way may
have ended long ago. What had begun is held, unsettled, until a person takes it up or lets it go; what had not is
cancelled. Only our own books are written; nothing in the world is touched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fairlead.domain.actor import SYSTEM
from fairlead.domain.deployment import DeploymentOutcome
from fairlead.domain.runbook import Unbegun
from fairlead.domain.task import Task, TaskState
from fairlead.ports.tasks import End
from fairlead.store import deployments, environments, projects, runbooks, tasks
from fairlead.store.database import Connection
from fairlead.usecases import following, tenancy, waiting
from fairlead.usecases import interruptions as interrupting
from fairlead.usecases.context import Context, about
from fairlead.usecases.located import Located
from fairlead.usecases.running import adopting, options_of

RESTORED = "server.restored"
HELD_KINDS = frozenset({"deployment", "rollback", "retirement", "runbook", "command"})
"""What these had begun may be half done; others are begun again by themselves, or by who wants it."""


@dataclass(frozen=True, slots=True)
class Found:
    """How many tasks are held, and how many of what was queued, scheduled or may be begun again are cancelled."""

    held: int
    cancelled: int


async def hold(context: Context, made_at: str) -> Found:
    """Called at a start, before anything is taken up; harmless when asked twice, as long as nothing was."""
    return await context.database.write(lambda connection: _hold(context, connection, _said(made_at)), is_durable=True)


def is_held(connection: Connection, task: Task) -> bool:
    """Whether the task is held since a backup was put back, and was not taken up."""
    if task.state is not TaskState.UNSETTLED or task.code != RESTORED:
        return False
    end = tasks.outcome(connection, task.id)
    return end is not None and end.is_parked


def let_go(context: Context, connection: Connection, task: Task, reason: str) -> None:
    """The held task ends as the books have it, and its place is free; what it left in the world stays as it is."""
    deployment = deployments.of_task(connection, task.id)
    is_past = deployment is not None and deployment.committed_at is not None
    end = End(TaskState.SUCCEEDED if is_past else TaskState.CANCELLED, "" if is_past else "task.cancelled", reason)
    _end(context, connection, task, replace(end, reached=task.reached))


def _said(made_at: str) -> str:
    when = f" of {made_at[:16].replace('T', ' ')} UTC" if made_at else ""
    return f"when the backup{when} was made that was put back since"


def _hold(context: Context, connection: Connection, when: str) -> Found:
    found = tasks.unfinished(connection)
    begun = [task for task in found if _has_begun(connection, task)]
    for task in begun:
        if not is_held(connection, task):
            _hold_one(context, connection, task, when)
    rest = [task for task in found if task not in begun]
    reason = f"it was {{state}} {when}: it does not begin by itself, whatever happened since"
    for task in rest:  # all of them before any is followed: then none of them is the next in line
        end = End(TaskState.CANCELLED, RESTORED, reason.format(state=task.state.value), "ask for it again")
        interrupting.withdraw(context, connection, task)
        tasks.finish(connection, task.id, end, at=context.clock.now())
    for task in rest:
        tasks.give_turn_back(connection, task.id)
        following.ended(context, connection, tasks.get(connection, task.id))
    return Found(len(begun), len(rest) + _cancel_scheduled(context, connection, reason.format(state="scheduled")))


def _has_begun(connection: Connection, task: Task) -> bool:
    """Whether something of it may be half done: it has a plan, and where it waited, it kept its place meanwhile."""
    if task.kind not in HELD_KINDS or tasks.plan_of(connection, task.id) is None:
        return False
    is_waiting = task.state in (TaskState.QUEUED, TaskState.PAUSED)
    return not is_waiting or not task.tags or tasks.has_turn(connection, task)


def _hold_one(context: Context, connection: Connection, task: Task, when: str) -> None:
    before = tasks.outcome(connection, task.id)
    reason = f"it was {task.state.value} {when}: it was not taken up, for others may have deployed there since"
    end = replace(
        before or End(TaskState.UNSETTLED, reached=task.reached),
        state=TaskState.UNSETTLED,
        code=RESTORED,
        reason=reason,
        hint=_hint(task),
        again=max(task.again, before.again + 1 if before else 0),  # the run that was left is over
        is_parked=True,
    )
    interrupting.withdraw(context, connection, task)
    tasks.finish(connection, task.id, end, at=context.clock.now())
    words = f"{task.title} is held: {reason}"
    context.note(
        connection,
        SYSTEM,
        "task.held",
        words[:1000],
        **about(task),
    )
    following.changed(context, connection, tasks.get(connection, task.id))


def _hint(task: Task) -> str:
    place, its = tasks.place_of(task), []
    if place.environment:
        its.append(f"compare with what runs: fairlead status {options_of(place)}")
        its.append(f"where users reach something newer: {adopting(place)}, which ends this")
    its.append(f"undo it, or carry on what is past its commit point: fairlead tasks resume {task.id}")
    its.append(f"or let it go, and leave what is there: fairlead cancel {task.id}")
    return "; ".join(its)


def _end(context: Context, connection: Connection, task: Task, end: End) -> None:
    tasks.finish(connection, task.id, end, at=context.clock.now())
    tasks.give_turn_back(connection, task.id)
    following.ended(context, connection, tasks.get(connection, task.id))


def _cancel_scheduled(context: Context, connection: Connection, reason: str) -> int:
    """Deployments, those that a freeze holds back among them, and runs of runbooks: rows without a task."""
    wished, runs = deployments.scheduled(connection), runbooks.scheduled_runs(connection)
    for one in wished:
        waiting.end_without_task(
            context, connection, one.id, DeploymentOutcome.CANCELLED, reason, code=RESTORED, hint="ask for it again"
        )
        following.tell_end(context, connection, deployments.get(connection, one.id))
    for run in runs:
        runbooks.end_unbegun(
            connection, run.id, Unbegun.CANCELLED, at=context.clock.now(), reason=reason, code=RESTORED
        )
        owner, place = projects.get(connection, run.project), environments.get(connection, run.environment)
        where = Located(owner, place, tenancy.of(connection, run.tenant))
        name = runbooks.get(connection, run.runbook).name
        context.note(
            connection,
            SYSTEM,
            "runbook.cancelled",
            f"cancelled {name} in {where.shown}: {reason}",
            thing=run.id,
            project=owner.name,
            environment=place.name,
            tenant=where.tenant.name if where.tenant else None,
        )
    return len(wished) + len(runs)
