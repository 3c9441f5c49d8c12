"""What follows from an end, in the same transaction: rows, promotion by the lifecycle, notices, the next in line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fairlead.domain.actor import SYSTEM
from fairlead.domain.deployment import Deployment, DeploymentOutcome, DeploymentState
from fairlead.domain.errors import FairleadError
from fairlead.domain.lifecycle import phase_of
from fairlead.domain.project import Project
from fairlead.domain.release import Release
from fairlead.domain.run import RunState
from fairlead.domain.task import Task, TaskState
from fairlead.ports.tasks import End
from fairlead.store import deployments, environments, interruptions, projects, releases, runbooks, runs, tasks
from fairlead.store.database import Connection
from fairlead.usecases import deployments as deploying
from fairlead.usecases import places, runbook_runs, telling, tenancy, turns
from fairlead.usecases.context import Context
from fairlead.usecases.going import Going, going_of
from fairlead.usecases.located import Located

_DEPLOYMENT_STATES = {
    TaskState.UNSETTLED: DeploymentState.UNSETTLED,
    TaskState.PAUSED: DeploymentState.PAUSED,
}
_RUN_STATES = {
    TaskState.SUCCEEDED: RunState.SUCCEEDED,
    TaskState.CANCELLED: RunState.CANCELLED,
    TaskState.SKIPPED: RunState.SKIPPED,
}


def changed(context: Context, connection: Connection, task: Task) -> None:
    """The task is in another state, and has not ended."""
    if task.kind == "run":
        if task.state is TaskState.RUNNING:
            runs.change(connection, task.subject, state=RunState.RUNNING.value)
            run = runs.get(connection, task.subject)
            owner = projects.get(connection, run.project)
            telling.status(
                context, connection, owner, run.commit, "fairlead/run", "pending", "running", f"/runs/{run.id}"
            )
        return
    if task.kind in ("deployment", "rollback"):
        unsettled = task.state is TaskState.UNSETTLED
        state = _DEPLOYMENT_STATES.get(task.state, DeploymentState.RUNNING)
        more = {"reason": task.reason, "code": task.code, "hint": task.hint} if unsettled else {}
        deployments.change(connection, task.subject, state=state.value, **more)
        if unsettled:
            _apart(context, connection, task, _tell_unsettled)


def paused(context: Context, connection: Connection, task: Task, *, holds: bool) -> None:
    """A person is waited for, or a deployment that it asked for. The place is free for others unless something would be
    undone there, or a question asks that they wait, or it is another deployment that is waited for; where there is
    nothing left to wait for, it goes on at once."""
    waiting = interruptions.waiting_in(connection, task.id)
    children = deployments.unfinished_children(connection, task.id)
    changed(context, connection, task)
    if not (waiting or children) or task.is_cancel_asked:
        turns.go_on(context, connection, task)
    elif not holds and not any(one.blocks for one in waiting) and tasks.give_turn_back(connection, task.id):
        turns.pass_on(context, connection, task)


def ended(context: Context, connection: Connection, task: Task) -> None:
    """The task ended; its place is free again. What goes wrong in here is told, and takes neither the end nor the
    next one's turn away."""
    if task.kind == "run":
        _apart(context, connection, task, _run_ended)
        _apart(context, connection, task, _after_run)
    elif task.kind in ("deployment", "rollback"):
        _apart(context, connection, task, _deployment_ended)
        _apart(context, connection, task, _after_deployment)
        _apart(context, connection, task, _give_back)
        _apart(context, connection, task, _tell_parent)
    elif task.kind == "runbook":
        _apart(context, connection, task, _runbook_ended)
        _apart(context, connection, task, runbook_runs.forget_old)
    elif task.kind == "retirement":
        _apart(context, connection, task, _retirement_ended)
    _apart(context, connection, task, turns.pass_on)


def _apart(
    context: Context, connection: Connection, task: Task, work: Callable[[Context, Connection, Task], None]
) -> None:
    """The work in a transaction inside this one; only a line in the audit where it failed."""
    try:
        with connection.begin_nested():
            work(context, connection, task)
    except Exception as error:  # noqa: BLE001 - the rim of an end: what follows must not undo that the task ended
        message = f"after the end of {task.title}: {type(error).__name__}: {error}"[:1000]
        context.note(connection, SYSTEM, "task.not_followed", message, thing=task.id, project=task.project or None)


def release_made(context: Context, connection: Connection, project: Project, release: Release) -> None:
    """Where the lifecycle says so, its first deployments begin, or wait for an approval."""
    for way in tenancy.ways(connection, project, release):
        _promote(context, connection, project, release, way)


def goes_on(context: Context, connection: Connection, project: Project, release: Release) -> None:
    """What held the release back is gone: what its lifecycle begins by itself is begun."""
    for way in tenancy.ways(connection, project, release):
        _promote(context, connection, project, release, way)


def tell_end(context: Context, connection: Connection, ended: Deployment) -> None:
    """A deployment that ended without a task: in the audit, and to who wants to be told."""
    owner, release = projects.get(connection, ended.project), releases.get(connection, ended.release)
    _tell(context, connection, owner, release, ended)


def _run_ended(context: Context, connection: Connection, task: Task) -> None:
    run = runs.get(connection, task.subject)
    state = _RUN_STATES.get(task.state, RunState.FAILED)
    runs.change(connection, run.id, state=state.value, ended_at=context.clock.now(), code=task.code, reason=task.reason)


def _after_run(context: Context, connection: Connection, task: Task) -> None:
    run = runs.get(connection, task.subject)
    owner = projects.get(connection, run.project)
    telling.run_ended(context, connection, owner, run)
    if run.state in (RunState.FAILED, RunState.CANCELLED):
        words = f"run {run.number} of {run.commit[:12]} {run.state.value}" + (f": {run.reason}" if run.reason else "")
        kind = f"run.{run.state.value}"
        context.note(connection, SYSTEM, kind, words[:1000], thing=run.id, project=owner.name)
    made = releases.of_task(connection, task.id)
    if run.state is RunState.SUCCEEDED and made is not None:
        context.note(
            connection,
            SYSTEM,
            "release.created",
            f"run {run.number} made release {made.version}",
            thing=made.id,
            project=owner.name,
        )
        release_made(context, connection, owner, made)


def _tell_unsettled(context: Context, connection: Connection, task: Task) -> None:
    found = deployments.get(connection, task.subject)
    telling.deployment_unsettled(context, connection, going_of(connection, found), found)


def _deployment_ended(context: Context, connection: Connection, task: Task) -> None:
    deployment = deployments.get(connection, task.subject)
    switched = bool(tasks.facts_of(connection, task.id).get("switched")) or deployment.committed_at is not None
    deployments.update(
        connection,
        replace(
            deployment,
            state=DeploymentState.ENDED,
            outcome=outcome_of(task, deployment, tasks.outcome(connection, task.id)),
            ended_at=context.clock.now(),
            switched=switched,
            reached=task.reached,
            code=task.code,
            reason=task.reason,
            hint=task.hint,
        ),
    )


def _after_deployment(context: Context, connection: Connection, task: Task) -> None:
    saved = deployments.get(connection, task.subject)
    owner = projects.get(connection, saved.project)
    release = releases.get(connection, saved.release)
    _tell(context, connection, owner, release, saved)
    if saved.outcome is DeploymentOutcome.LIVE and saved.kind == "deployment":
        for way in tenancy.ways_after(connection, owner, release, saved.tenant):
            _promote(context, connection, owner, release, way)
    elif saved.waits_for_thaw and saved.code == deploying.FROZEN:
        _ask_again(context, connection, owner, release, saved)


def _ask_again(context: Context, connection: Connection, owner: Project, release: Release, frozen: Deployment) -> None:
    """A freeze began while it waited for its turn: it is held back until that ends, as if it were asked for now."""
    place = environments.get(connection, frozen.environment)
    wish = deploying.Wish(
        owner,
        place,
        release,
        is_forced=True,
        variables=frozen.variables,
        choice=frozen.choice,
        waits_for_thaw=True,
        tenant=tenancy.of(connection, frozen.tenant),
    )
    deploying.ask(context, connection, replace(SYSTEM, name=frozen.created_by or SYSTEM.name), wish)


def _tell(context: Context, connection: Connection, owner: Project, release: Release, saved: Deployment) -> None:
    """The end of a deployment: in the audit, to who wants to be told, and to the forge."""
    tenant = tenancy.of(connection, saved.tenant)
    going = Going(owner, environments.get(connection, saved.environment), release, tenant)
    words = saved.outcome.words + (f": {saved.reason}" if saved.reason else "")
    context.note(
        connection,
        SYSTEM,
        f"deployment.{saved.outcome.value}",
        f"{release.version} in {going.place.shown} {words}",
        thing=saved.id,
        project=owner.name,
        environment=going.environment.name,
        tenant=going.place.tenant,
    )
    telling.deployment_ended(context, connection, going, saved)


def _give_back(context: Context, connection: Connection, task: Task) -> None:
    saved = deployments.get(connection, task.subject)
    owner, place = projects.get(connection, saved.project), environments.get(connection, saved.environment)
    places.give_back(context, connection, owner, place, tenancy.of(connection, saved.tenant))


def _tell_parent(context: Context, connection: Connection, task: Task) -> None:
    turns.tell_parent(context, connection, deployments.get(connection, task.subject))


def _runbook_ended(context: Context, connection: Connection, task: Task) -> None:
    words = f"{task.title}: {task.state.value}" + (f": {task.reason}" if task.reason else "")
    kind = "runbook.run" if task.state is TaskState.SUCCEEDED else "runbook.failed"
    context.note(
        connection,
        SYSTEM,
        kind,
        words,
        thing=task.id,
        project=task.project,
        environment=task.environment,
        tenant=task.tenant,
    )
    if task.state not in (TaskState.SUCCEEDED, TaskState.CANCELLED, TaskState.SKIPPED):
        _tell_of_runbook(context, connection, task)


def _tell_of_runbook(context: Context, connection: Connection, task: Task) -> None:
    made = runbooks.run_of_task(connection, task.id)
    owner, place = projects.get(connection, made.project), environments.get(connection, made.environment)
    where = Located(owner, place, tenancy.of(connection, made.tenant))
    name = runbooks.get(connection, made.runbook).name
    end = tasks.outcome(connection, task.id)
    outcome = "failed" if end is None or end.has_begun else "refused"
    why = "\n".join(part for part in (task.reason or f"It {outcome}.", task.hint) if part)
    link = f"/tasks/{task.id}"
    telling.runbook_failed(context, connection, where, name, why, outcome=outcome, link=link, about=made.id)


def _retirement_ended(context: Context, connection: Connection, task: Task) -> None:
    is_well = task.state is TaskState.SUCCEEDED
    if is_well:
        places.retired(context, connection, task)
    words = f"{task.project} in {tasks.place_of(task).shown} " + (
        "is ended" if is_well else f"is not ended: {task.reason}"
    )
    context.note(
        connection,
        SYSTEM,
        "place.retired" if is_well else "place.not_retired",
        words,
        thing=task.id,
        project=task.project,
        environment=task.environment,
        tenant=task.tenant,
    )


def outcome_of(task: Task, deployment: Deployment, end: End | None) -> DeploymentOutcome:
    """How a deployment ended, from how its task did: whether the commit happened is read from our own row (law 2)."""
    if deployment.committed_at is not None:
        return DeploymentOutcome.LIVE
    if task.state is TaskState.CANCELLED:
        return DeploymentOutcome.CANCELLED
    if task.state is TaskState.ROLLED_BACK:
        return DeploymentOutcome.ROLLED_BACK
    return DeploymentOutcome.FAILED if end is None or end.has_begun else DeploymentOutcome.REFUSED


def _promote(context: Context, connection: Connection, project: Project, release: Release, way: tenancy.Way) -> None:
    wanted = way.begun_by_itself
    if not wanted:
        return
    whose = deployments.of_tenant(way.tenant.id if way.tenant else None)
    active = deployments.active(connection, whose, project=project.id)
    under_way = {one.environment for one in active if one.release == release.id}
    tried = deployments.tried_in(connection, release.id, whose)
    for id in wanted:
        if id in under_way or id in tried:
            continue
        phase = phase_of(way.line, id)
        place = environments.get(connection, id)
        wish = deploying.Wish(
            project,
            place,
            release,
            is_forced=True,
            phase=phase,
            waits_for_thaw=True,
            tenant=way.tenant,
        )
        try:
            with connection.begin_nested():
                deploying.ask(context, connection, SYSTEM, wish)
        except FairleadError as error:
            refused = deploying.refuse(context, connection, wish, error)
            _tell(context, connection, project, release, refused)
