"""Runs: which heads start one, and asking for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, FairleadError, NotAuthenticated
from fairlead.domain.git_address import commit_id
from fairlead.domain.ids import ProjectId, RunId, TaskId
from fairlead.domain.permission import Permission
from fairlead.domain.pipeline import NothingNew, decide
from fairlead.domain.project import Project
from fairlead.domain.run import Run, RunCause, RunState
from fairlead.domain.task import Task, TaskState
from fairlead.domain.webhook import Headers, receive
from fairlead.domain.webhook_delivery import LOOK, SeenHead, WebhookDelivery
from fairlead.ports.source import Repository
from fairlead.ports.tasks import End
from fairlead.store import contacts, projects, releases, runs, tasks, webhook_deliveries
from fairlead.store.contacts import Contact
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases import turns
from fairlead.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Looked:
    """What looking at a repository led to; `run` None with the reason."""

    head: str
    run: Run | None
    reason: str = ""


def page(
    context: Context,
    actor: Actor,
    project: str | Project,
    *,
    state: RunState | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Run]:
    """The newest first."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=found.id)
        return runs.page(connection, project=found.id, state=state, after=after, limit=limit)


def get(context: Context, actor: Actor, id: str) -> Run:
    """By id."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = runs.get(connection, id)
        actor.require_somewhere(Permission.VIEW, project=found.project)
        return found


def versions(context: Context, found: Sequence[Run]) -> Mapping[str, str]:
    """The versions of the releases that the runs made, by release id; one query."""
    with context.database.reading() as connection:
        made = releases.versions_by_id(connection, (run.release for run in found if run.release))
    return {str(id): version for id, version in made.items()}


def contact_of(context: Context, actor: Actor, project: str | Project) -> Contact | None:
    """How the last look at the repository went; None before the first."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=owner.id)
        return contacts.of(connection, owner.id)


def contacts_of(context: Context, found: Sequence[Project]) -> Mapping[ProjectId, Contact]:
    """How the last look at the repository of each of the projects went, where there was one; one query."""
    with context.database.reading() as connection:
        return contacts.of_many(connection, [one.id for one in found])


def repository_of(context: Context, project: Project) -> Repository:
    """The repository with its credentials in clear; Conflict `source.none` where the project has none."""
    source = project.source
    if source is None:
        raise Conflict(
            "source.none",
            f"{project.name} has no repository",
            thing=project.name,
            hint=f"fairlead release create -p {project.name} --image SERVICE=NAME@sha256:…",
        )
    what = f"read the repository {source.url}"
    password = context.use(source.password, what, thing=project.id, project=project.name)
    key = context.use(source.ssh_key, what, thing=project.id, project=project.name)
    return Repository(source.url, user=source.user, password=password, ssh_key=key, known_hosts=source.known_hosts)


def saw_head(
    context: Context, actor: Actor, project: Project, head: str, *, cause: RunCause, is_asked: bool = False
) -> Looked:
    """The repository itself said that `head` is the branch's: starts a run where it was not seen, skips queued ones."""
    assert project.source is not None
    branch = project.source.branch
    with context.database.transaction() as connection:
        contacts.put(connection, Contact(project.id, context.clock.now(), is_ok=True, head=head, asked_by=cause))
        known = runs.bearing_on(connection, project.id, branch, head)
        is_new = webhook_deliveries.see_head(connection, SeenHead(project.id, branch, head, context.clock.now()))
        seen = {run.commit for run in known} | (set() if is_new else {head})
        decision = decide(head, branch, seen, known, is_asked=is_asked)
        if isinstance(decision, NothingNew):
            return Looked(head, None, decision.reason)
        for old in decision.superseded:
            _skip(context, connection, actor, project, runs.get(connection, old.run), old.reason)
        made = _start(context, connection, actor, project, head, cause=cause, previous=decision.previous)
    context.durable.wake()
    return Looked(head, made)


def could_not_look(context: Context, project: Project, error: FairleadError, *, cause: str) -> None:
    """Kept for people to see why nothing happens."""
    with context.database.transaction() as connection:
        before = contacts.of(connection, project.id)
        head = before.head if before else ""
        contacts.put(connection, Contact(project.id, context.clock.now(), False, head, str(error), cause))  # noqa: FBT003


def start(context: Context, actor: Actor, project: str, commit: str) -> Run:
    """A run of this commit (whole id), asked for by a person."""
    actor.require_somewhere(Permission.RUN_START)
    commit_id(commit)
    with context.database.transaction() as connection:
        found = projects.by_name_or_id(connection, project)
        actor.require(Permission.RUN_START, project=found.id)
        if found.source is None:
            raise Conflict("source.none", f"{found.name} has no repository", thing=found.name)
        known = runs.bearing_on(connection, found.id, found.source.branch, commit)
        decision = decide(commit, found.source.branch, (), known, is_asked=True)
        if isinstance(decision, NothingNew):
            raise Conflict("run.under_way", decision.reason, thing=found.name)
        webhook_deliveries.see_head(connection, SeenHead(found.id, found.source.branch, commit, context.clock.now()))
        made = _start(context, connection, actor, found, commit, cause="person", previous=decision.previous)
    context.durable.wake()
    return made


def received(context: Context, webhook: str, headers: Headers, body: bytes) -> Project | None:
    """The project that a genuine, new delivery asks to look at; None for a replay or another branch.

    NotAuthenticated `webhook.signature` for everything else, an unknown address too.
    """
    with context.database.reading() as connection:
        project = projects.by_webhook(connection, webhook)
        source = project.source if project else None
    if project is None or source is None or not source.webhook_secret:
        raise NotAuthenticated("webhook.signature", "the webhook's signature is missing or wrong")
    what = f"check what is delivered to the webhook of {project.name}"
    secret = context.use(source.webhook_secret, what, thing=project.id, project=project.name)
    look = receive(source.webhook_kind, secret, headers, body, now_s=context.clock.now().timestamp())
    is_ours = look.branch in (None, source.branch)
    delivery = WebhookDelivery(
        context.ids.new("dlv"),
        webhook,
        look.delivery,
        context.clock.now(),
        project=project.id,
        kind=look.event,
        outcome=LOOK if is_ours else f"branch {look.branch} is not {source.branch}",
    )
    with context.database.transaction() as connection:
        is_new = webhook_deliveries.accept(connection, delivery)
    return project if is_new and is_ours and project.is_enabled else None


def _start(
    context: Context,
    connection: Connection,
    actor: Actor,
    project: Project,
    commit: str,
    *,
    cause: RunCause,
    previous: str,
) -> Run:
    assert project.source is not None
    task_id, number = TaskId(context.ids.new("tsk")), runs.next_number(connection, project.id)
    run = Run(
        RunId(context.ids.new("run")),
        number,
        project.id,
        project.source.branch,
        commit,
        context.clock.now(),
        cause=cause,
        previous_commit=previous,
        task=task_id,
        created_by=actor.name,
    )
    runs.insert(connection, run)
    task = Task(
        task_id,
        "run",
        f"{project.name} run {number} of {commit[:12]}",
        context.clock.now(),
        subject=run.id,
        project=project.name,
        created_by=actor.name,
    )
    turns.queue(context, connection, task)
    context.note(
        connection, actor, "run.started", f"run {number} of {commit[:12]} ({cause})", thing=run.id, project=project.name
    )
    return run


def _skip(context: Context, connection: Connection, actor: Actor, project: Project, run: Run, reason: str) -> None:
    if run.task is None or tasks.get(connection, run.task).state is not TaskState.QUEUED:
        return
    at = context.clock.now()
    runs.change(connection, run.id, state=RunState.SKIPPED.value, reason=reason, ended_at=at)
    tasks.finish(connection, run.task, End(TaskState.SKIPPED, reason=reason), at=at)
    tasks.give_turn_back(connection, run.task)
    context.note(connection, actor, "run.skipped", f"run {run.number}: {reason}", thing=run.id, project=project.name)
