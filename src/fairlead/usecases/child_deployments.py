"""Deployments that a step of a process asks for: a release of another project, as who asked for the parent may."""

from __future__ import annotations

from contextlib import suppress

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.child_release import DeployCondition, why_left
from fairlead.domain.deployment import Deployment, DeploymentOutcome, DeploymentState
from fairlead.domain.environment import Environment
from fairlead.domain.errors import Conflict, Invalid, Refused
from fairlead.domain.ids import TaskId, TenantId
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.prompt import Control
from fairlead.domain.release import Release
from fairlead.domain.task import Task
from fairlead.domain.tenant import Tenant
from fairlead.ports.children import Child, ChildWish
from fairlead.store import deployments, environments, projects, releases, tasks
from fairlead.store.child_choice import child_release
from fairlead.store.database import Connection
from fairlead.usecases import child_projects, prompting, tenancy, waiting
from fairlead.usecases import deployments as deploying
from fairlead.usecases import tasks as tasking
from fairlead.usecases.context import Context
from fairlead.usecases.going import Going, place_of
from fairlead.usecases.located import Located
from fairlead.usecases.process_resolving import OUTPUTS

CANCELLED = "cancelled with the deployment that asked for it"


def begin(context: Context, parent: TaskId, key: str, wish: ChildWish) -> Child:
    """As ports.children says; what `child_projects.require` raises."""
    with context.database.transaction() as connection:
        found = deployments.child(connection, parent, key)
        if found is not None:
            return _view(connection, found)
        task = tasks.get(connection, parent)
        owner = projects.by_name_or_id(connection, wish.project)
        place = environments.by_name(connection, task.environment)
        whose = tenancy.named(connection, task.tenant or "")
        where = Located(projects.by_name(connection, task.project), place, whose)
        actor = child_projects.asker(connection, task.created_by, task.title)
        tenant = child_projects.require(connection, actor, where, owner, key)
        scope = tenant.id if tenant else None
        release = child_release(connection, owner, wish.version, wish.channel, asked_by=task.title)
        if left := _left(connection, owner, place, release, wish, scope):
            return Child(owner.name, place.name, release.version, left=left)
        _refuse_circle(connection, task, owner, place, {place_of(owner, place, tenant).tag})
        made = deploying.ask(
            context, connection, actor, _wished(connection, actor, owner, place, release, wish, task, key, tenant)
        )
        if made.task:
            tags = set(tasks.get(connection, made.task).tags)
            _refuse_circle(connection, task, owner, place, tags, of=made.task)
        child = _view(connection, made)
    context.durable.wake()
    return child


def cancel(context: Context, parent: TaskId, key: str) -> None:
    """As ports.children says."""
    with context.database.transaction() as connection:
        found = deployments.child(connection, parent, key)
        if found is None or found.has_ended or found.committed_at is not None:
            return
        if found.task is None:
            waiting.withdraw_approval(context, connection, found, CANCELLED)
            waiting.end_without_task(context, connection, found.id, DeploymentOutcome.CANCELLED, CANCELLED)
            return
    with suppress(Conflict):  # it has ended, or is past its commit point by now
        tasking.cancel(context, SYSTEM, found.task)
    context.durable.wake()


def _left(
    connection: Connection,
    owner: Project,
    place: Environment,
    release: Release,
    wish: ChildWish,
    tenant: TenantId | None,
) -> str:
    if wish.condition is DeployCondition.ALWAYS:
        return ""
    live = deployments.live_ones(connection, owner.id, place.id, tenant=tenant, limit=1)
    current = releases.get(connection, live[0].release).version if live else None
    return why_left(wish.condition, release.version, current)


def _wished(
    connection: Connection,
    actor: Actor,
    owner: Project,
    place: Environment,
    release: Release,
    wish: ChildWish,
    task: Task,
    key: str,
    tenant: Tenant | None,
) -> deploying.Wish:
    """What `tenancy.phase_there` raises where the release may not go there."""
    phase = tenancy.phase_there(connection, owner, place, release, tenant)
    _refuse_secrets(connection, owner, place, release, wish, tenant)
    asking = deployments.of_task(connection, task.id)
    override = asking.freeze_override if asking else ""
    may_override = actor.may(Permission.FREEZE_OVERRIDE, project=owner.id, environment=place.id)
    return deploying.Wish(
        owner,
        place,
        release,
        is_forced=True,
        phase=phase,
        tenant=tenant,
        prompted=wish.answers,
        freeze_override=override if may_override else "",
        parent=task.id,
        parent_key=key,
    )


def _refuse_secrets(
    connection: Connection,
    owner: Project,
    place: Environment,
    release: Release,
    wish: ChildWish,
    tenant: Tenant | None,
) -> None:
    """What holds a secret goes only where it is kept as one (law 8)."""
    if not wish.secret_answers:
        return
    asked = prompting.questions(connection, Going(owner, place, release, tenant), release.variables)
    for name in wish.secret_answers:
        if any(one.is_called(name) and one.prompt.control is not Control.SENSITIVE for one in asked):
            raise Invalid(
                "variable.secret",
                f"the answer to {name[:80]!r} of {owner.name} holds a secret, and is not kept as one",
                thing=name[:80],
                hint="let the prompt's control be sensitive, or answer without a secret",
            )


def _refuse_circle(
    connection: Connection,
    task: Task,
    project: Project,
    environment: Environment,
    wanted: set[str],
    *,
    of: TaskId | None = None,
) -> None:
    """Whoever has a concurrency tag that is wanted must not wait, by way of others either, for one of ours. `of` is the
    task that wants them, where it is made already."""
    ours = {tag for one in _line_of(connection, task) for tag in one.tags}
    if both := wanted & ours:
        raise _deploys_itself(project, environment, min(both) if of else "")
    seen, left = set(wanted), list(wanted)
    while left:
        holder = tasks.holder_of(connection, left.pop())
        awaited = deployments.unfinished_children(connection, holder) if holder and holder != of else ()
        tags = {tag for one in awaited if one.task for tag in tasks.get(connection, one.task).tags} - seen
        if tags & ours:
            raise Conflict(
                "deployment.circle",
                f"{project.name} in {environment.name} is just being deployed, and waits for {task.project}",
                thing=project.name,
                hint="try it again when that deployment has ended",
            )
        seen |= tags
        left += tags


def _deploys_itself(project: Project, environment: Environment, tag: str) -> Refused:
    """By its place, or by a concurrency tag that both state."""
    there = f"{project.name} in {environment.name}"
    said = f"{there} is what this deployment itself belongs to"
    hint = "a deployment cannot wait for another of its own project and environment: take the step away"
    if tag:
        said = f"{there} needs the concurrency tag {tag}, which the deployment that waits for it has"
        hint = "state different tags for the two, or for one of them none"
    return Refused("process.deploys_itself", said, thing=project.name, hint=hint)


def _line_of(connection: Connection, task: Task) -> list[Task]:
    """The task, the one that asked for it, and so on."""
    found = [task]
    while (one := deployments.of_task(connection, found[-1].id)) is not None and one.parent:
        found.append(tasks.get(connection, one.parent))
    return found


def _view(connection: Connection, made: Deployment) -> Child:
    owner, place = projects.get(connection, made.project), environments.get(connection, made.environment)
    given = tasks.fact_of(connection, made.task, OUTPUTS) if made.task and made.has_ended else None
    return Child(
        owner.name,
        place.name,
        releases.get(connection, made.release).version,
        made.id,
        made.number,
        has_ended=made.has_ended,
        waits_for="it waits for an approval" if made.state is DeploymentState.WAITING else "",
        outcome=made.outcome,
        reason=made.reason,
        given=given if isinstance(given, dict) else {},
    )
