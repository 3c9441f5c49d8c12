"""Why: the chain of reasons of a deployment, a release, a value, and of what was skipped (law 9)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fairlead.domain.actor import Actor
from fairlead.domain.deployment import Deployment, DeploymentOutcome, DeploymentState
from fairlead.domain.environment import Environment
from fairlead.domain.errors import Conflict, Invalid, NotFound
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.reason import Reason
from fairlead.domain.run import Run, RunState
from fairlead.domain.runbook import RunbookRun, Unbegun
from fairlead.domain.task import TaskState
from fairlead.store import deployments, environments, projects, releases, runbooks, runs, tasks
from fairlead.store.database import Connection
from fairlead.usecases import planning, reasons, tenancy
from fairlead.usecases.context import Context
from fairlead.usecases.deployments import require_of
from fairlead.usecases.located import Located
from fairlead.usecases.value_reasons import of_value
from fairlead.usecases.values import Where

NOT_CARRIED_OUT = (
    Unbegun.CANCELLED,
    Unbegun.REFUSED,
    TaskState.FAILED,
    TaskState.ROLLED_BACK,
    TaskState.CANCELLED,
    TaskState.SKIPPED,
)
"""How a runbook's run ended that did not begin, or did not go well."""


@dataclass(frozen=True, slots=True)
class _Called:
    """A deployment with the names that people know."""

    deployment: Deployment
    project: Project
    environment: Environment
    version: str

    @property
    def words(self) -> str:
        one = self.deployment
        verb = "the rollback to" if one.kind == "rollback" else "the deployment of"
        return f"{verb} {self.project.name} {self.version} to {self.environment.name} (number {one.number})"


def deployment(context: Context, actor: Actor, id: str, *, project: str = "", environment: str = "") -> Reason:
    """Why it is, or ended, as it did. `id` is its id, its task's, or its number in `project` and `environment`."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        called = _called(connection, actor, _deployment(connection, id, project, environment))
        return _of_deployment(context, connection, actor, called)


def release(context: Context, actor: Actor, project: str, version: str) -> Reason:
    """How it came to be: run, commit, and what began that."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        found = planning.release_named(connection, owner, version)
        return reasons.of_release(connection, found)


def skipped(context: Context, actor: Actor, id: str, *, project: str = "", environment: str = "") -> Reason:
    """Why a run, a deployment or a runbook's run did not begin, or was not carried out. Conflict `why.not_skipped`
    where it was."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        of_runbook = _run_of_runbook(connection, id)
        if of_runbook is not None:
            return _of_run_of_runbook(context, connection, actor, of_runbook)
        run = _run(connection, id, project, environment)
        if run is not None:
            actor.require_somewhere(Permission.VIEW, project=run.project)
            return _of_run(context, connection, actor, run)
        called = _called(connection, actor, _deployment(connection, id, project, environment))
        outcome = called.deployment.outcome
        if outcome in (DeploymentOutcome.LIVE, DeploymentOutcome.NONE):
            raise _not_skipped(called.words, outcome.value or called.deployment.state.value)
        return _of_deployment(context, connection, actor, called)


def run(context: Context, actor: Actor, id: str, *, project: str = "") -> Reason:
    """Why a run, or a runbook's, began, and why it ended as it did."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        of_runbook = _run_of_runbook(connection, id)
        if of_runbook is not None:
            return _of_run_of_runbook(context, connection, actor, of_runbook, must_be_skipped=False)
        found = _run(connection, id, project)
        if found is None:
            raise NotFound("run.unknown", f"there is no run {id[:80]!r}", thing=id[:80])
        actor.require_somewhere(Permission.VIEW, project=found.project)
        return _of_run(context, connection, actor, found, must_be_skipped=False)


def value(
    context: Context,
    actor: Actor,
    project: str,
    name: str,
    where: Where,
    *,
    version: str = "",
    deployment: str = "",
) -> Reason:
    """Which variable of the name holds there, and why each other lost: as the variables are now, as a release froze
    them, or as a deployment was given them (its environment, channel and tenant are meant then). NotFound
    `variable.missing` where none has the name."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner, asked = projects.by_name_or_id(connection, project), tenancy.named(connection, where.tenant)
        whose = asked.id if asked else None
        actor.require_somewhere(Permission.VIEW, project=owner.id, tenant=whose)
        if deployment:
            called = _called(connection, actor, _deployment(connection, deployment, project, where.environment))
            its = tenancy.of(connection, called.deployment.tenant)
            there = replace(where, environment=called.environment.name, tenant=its.name if its else where.tenant)
            given = f"as {called.words} was given them"
            return of_value(connection, actor, owner, name, there, deployed=called.deployment, when=given)
        if not where.environment:
            raise Invalid("input.invalid", "an environment is needed", thing="environment")
        place = environments.by_name_or_id(connection, where.environment)
        actor.require_somewhere(Permission.VIEW, project=owner.id, environment=place.id, tenant=whose)
        if version:
            found = planning.release_named(connection, owner, version)
            frozen = f"as release {found.version} froze them"
            return of_value(connection, actor, owner, name, where, release=found, when=frozen)
        return of_value(connection, actor, owner, name, where, when="as they are now")


def _of_deployment(context: Context, connection: Connection, actor: Actor, called: _Called) -> Reason:
    one = called.deployment
    task = tasks.get(connection, one.task) if one.task else None
    reason = f": {one.reason}" if one.reason else ""
    because = (
        *reasons.of_end(context, connection, actor, one),
        *reasons.of_start(connection, one),
        reasons.of_release(connection, releases.get(connection, one.release)),
    )
    return Reason(
        f"{called.words} {_how(one)}{reason}",
        because,
        task.evidence if task else (),
        one.code,
        one.hint,
        one.ended_at or one.created_at,
        "deployment",
        one.id,
    )


def _how(one: Deployment) -> str:
    words = (one.outcome.value or one.state.value).replace("_", " ")
    if one.outcome is DeploymentOutcome.FAILED:
        return words
    if one.outcome is DeploymentOutcome.LIVE:
        return f"went {words}"
    return f"{'was' if one.state is DeploymentState.ENDED else 'is'} {words}"


def _of_run(
    context: Context, connection: Connection, actor: Actor, found: Run, *, must_be_skipped: bool = True
) -> Reason:
    if must_be_skipped and found.state not in (RunState.SKIPPED, RunState.CANCELLED, RunState.FAILED):
        raise _not_skipped(f"run {found.number}", found.state.value)
    task = tasks.get(connection, found.task) if found.task else None
    because = [*reasons.of_task(context, connection, actor, task)] if task else []
    if found.state is RunState.SKIPPED:
        because += _newer_run(connection, found)
    return Reason(
        f"run {found.number} of {found.commit[:12]} {_how_run(found.state)}"
        + (f": {found.reason}" if found.reason else ""),
        (*because, reasons.of_run(connection, found)),
        task.evidence if task else (),
        found.code,
        task.hint if task else "",
        found.ended_at or found.created_at,
        "run",
        found.id,
    )


def _how_run(state: RunState) -> str:
    if state in (RunState.SUCCEEDED, RunState.FAILED):
        return state.value
    return f"{'was' if state.has_ended else 'is'} {state.value}"


def _of_run_of_runbook(
    context: Context, connection: Connection, actor: Actor, found: RunbookRun, *, must_be_skipped: bool = True
) -> Reason:
    where = Located(
        projects.get(connection, found.project),
        environments.get(connection, found.environment),
        tenancy.of(connection, found.tenant),
    )
    where.require(actor, Permission.VIEW)
    task = tasks.get(connection, found.task) if found.task else None
    state = found.unbegun or (task.state if task else Unbegun.SCHEDULED)
    words = f"run {found.number} of the runbook {runbooks.get(connection, found.runbook).name} in {where.shown}"
    if must_be_skipped and state not in NOT_CARRIED_OUT:
        raise _not_skipped(words, state.value)
    ended = task or found
    is_verb = state in (TaskState.FAILED, TaskState.SUCCEEDED)
    how = state.value.replace("_", " ") if is_verb else f"was {state.value.replace('_', ' ')}"
    asked = Reason(f"{found.created_by or 'somebody'} asked for it", at=found.created_at)
    return Reason(
        f"{words} {how}" + (f": {ended.reason}" if ended.reason else ""),
        (*(reasons.of_task(context, connection, actor, task) if task else ()), asked),
        task.evidence if task else (),
        ended.code,
        ended.hint,
        ended.ended_at or found.created_at,
        "task" if task else "",
        task.id if task else "",
    )


def _newer_run(connection: Connection, skipped_one: Run) -> list[Reason]:
    first = runs.next_of_branch(connection, skipped_one)
    if first is None:
        return []
    said = f"run {first.number} of {first.commit[:12]} came before it began"
    return [Reason(said, at=first.created_at, noun="run", thing=first.id)]


def _called(connection: Connection, actor: Actor, found: Deployment) -> _Called:
    require_of(actor, Permission.VIEW, found)
    return _Called(
        found,
        projects.get(connection, found.project),
        environments.get(connection, found.environment),
        releases.get(connection, found.release).version,
    )


def _deployment(connection: Connection, id: str, project: str, environment: str) -> Deployment:
    if id.isdecimal():
        if not project or not environment:
            raise Invalid(
                "input.invalid",
                f"deployment {id[:20]} of which project and environment?",
                thing=id[:20],
                hint="-p PROJECT -e ENVIRONMENT, or the deployment's id",
            )
        owner = projects.by_name_or_id(connection, project)
        place = environments.by_name_or_id(connection, environment)
        return deployments.by_number(connection, owner.id, place.id, int(id[:18]))
    by_task = deployments.of_task(connection, tasks.get(connection, id).id) if id.startswith("tsk") else None
    return by_task or deployments.get(connection, id)


def _run(connection: Connection, id: str, project: str, environment: str = "") -> Run | None:
    """The run of that id, or of that number in the project; None where it can only be a deployment's."""
    if id.startswith("run"):
        return runs.get(connection, id)
    if id.isdecimal() and project and not environment:
        return runs.by_number(connection, projects.by_name_or_id(connection, project).id, int(id[:18]))
    if id.startswith("tsk"):
        return runs.of_task(connection, tasks.get(connection, id).id)
    return None


def _run_of_runbook(connection: Connection, id: str) -> RunbookRun | None:
    """The run of that id, or that its task carries out; None where it is of something else."""
    if id.startswith("rbr"):
        return runbooks.get_run(connection, id)
    task = tasks.get(connection, id) if id.startswith("tsk") else None
    return runbooks.run_of_task(connection, task.id) if task is not None and task.kind == "runbook" else None


def _not_skipped(what: str, how: str) -> Conflict:
    return Conflict("why.not_skipped", f"{what} was not skipped: it is {how}", hint="fairlead why deployment N")
