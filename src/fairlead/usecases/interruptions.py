"""Interruptions: what running tasks ask persons, who may answer, and going on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.environment import Environment
from fairlead.domain.errors import Conflict, Invalid, NotFound, Refused
from fairlead.domain.interruption import (
    WHERE_NOBODY_ANSWERS,
    Choice,
    Interruption,
    InterruptionKind,
    InterruptionState,
)
from fairlead.domain.permission import Permission
from fairlead.domain.task import Task, TaskState
from fairlead.store import deployments, environments, interruptions, projects, releases, tasks, tenants, users
from fairlead.store import teams as teaming
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases import reaching, telling, turns
from fairlead.usecases.context import Context

LONGEST_NOTE = 10_000
NEEDED = {
    InterruptionKind.MANUAL: Permission.DEPLOYMENT_APPROVE,
    InterruptionKind.GUIDED: Permission.DEPLOYMENT_CREATE,
}
NOBODY = {
    InterruptionState.EXPIRED: "nobody answered in time, which counts as ",
    InterruptionState.CANCELLED: "the task is being cancelled, which counts as ",
}
OVERRIDE = Permission.ENVIRONMENT_EDIT
"""Who holds it for the environment may answer in spite of teams and authors, with a reason."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Why somebody may not answer."""

    code: str
    message: str
    hint: str


def page(
    context: Context,
    actor: Actor,
    *,
    state: InterruptionState | None = None,
    project: str = "",
    task: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page[Interruption]:
    """The newest first, of what the actor may view."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        owner = projects.by_name_or_id(connection, project).name if project else None
        c = interruptions.interruptions.c
        mine = reaching.seen(connection, actor, project=c.project, environment=c.environment, tenant=c.tenant)
        return interruptions.page(
            connection, *mine, state=state, project=owner, task=task or None, after=after, limit=limit
        )


def count_waiting(context: Context, actor: Actor, *, most: int) -> int:
    """How many wait for somebody, of those that the actor may view; counted up to `most`."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        c = interruptions.interruptions.c
        mine = reaching.seen(connection, actor, project=c.project, environment=c.environment, tenant=c.tenant)
        return interruptions.count_waiting(connection, *mine, most=most)


def get(context: Context, actor: Actor, id: str) -> Interruption:
    """By id."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = interruptions.get(connection, id)
        reaching.require_of_task(connection, actor, Permission.VIEW, tasks.get(connection, found.task))
        return found


def answer(
    context: Context, actor: Actor, id: str, choice: Choice | str, *, note: str = "", is_override: bool = False
) -> Interruption:
    """The task goes on by it. Conflict `interruption.answered`, Invalid `interruption.choice`; Refused
    `interruption.team`, `interruption.author` and `interruption.taken`, unless it `is_override` by somebody who may,
    with a reason in the note (`interruption.reason`)."""
    _require_somewhere(context, actor, id)
    if len(note) > LONGEST_NOTE:
        raise Invalid("input.too_large", f"a note has at most {LONGEST_NOTE:,} characters", thing="note")
    with context.database.transaction() as connection:
        asked = interruptions.get(connection, id)
        where = _require(connection, actor, asked)
        chosen = _chosen(asked, choice)
        broken = _broken_rule(connection, actor, asked) or _taken(actor, asked)
        if broken is not None:
            if not is_override:
                raise Refused(broken.code, broken.message, thing=id, hint=broken.hint)
            actor.require(OVERRIDE, environment=where.id)
            if not note.strip():
                raise Invalid("interruption.reason", "say why in the note: it is kept", thing="note")
        email = getattr(users.find(connection, actor.id), "email", "")
        answered = interruptions.update(
            connection,
            replace(
                asked,
                state=InterruptionState.ANSWERED,
                answer=chosen,
                note=note,
                answered_by=actor.name,
                answered_by_id=str(actor.id),
                answered_by_email=str(email),
                answered_at=context.clock.now(),
                is_override=broken is not None,
            ),
        )
        _note(context, connection, actor, answered, broken.code if broken else "")
        _go_on(context, connection, tasks.get(connection, asked.task))
    context.durable.wake()
    return answered


def take(context: Context, actor: Actor, id: str) -> Interruption:
    """It is this person's to answer until they give it back; asked twice it stays theirs. Who may not answer may not
    take it. Conflict `interruption.taken` where another has it, `interruption.answered` where it no longer waits."""
    _require_somewhere(context, actor, id)
    with context.database.transaction() as connection:
        asked = interruptions.get(connection, id)
        _require(connection, actor, asked)
        _require_waiting(asked)
        if asked.assigned_to == actor.name:
            return asked
        if rule := _broken_rule(connection, actor, asked):
            raise Refused(rule.code, rule.message, thing=id, hint=rule.hint)
        if rule := _taken(actor, asked):
            raise Conflict(rule.code, rule.message, thing=id, hint=rule.hint)
        return _assign(context, connection, actor, asked, to=actor.name)


def give_back(context: Context, actor: Actor, id: str) -> Interruption:
    """Anybody who may answers it again. Who has it gives it back, or who administers the environment."""
    _require_somewhere(context, actor, id)
    with context.database.transaction() as connection:
        asked = interruptions.get(connection, id)
        where = _require(connection, actor, asked)
        _require_waiting(asked)
        if not asked.assigned_to:
            return asked
        if asked.assigned_to != actor.name:
            actor.require(OVERRIDE, environment=where.id)
        return _assign(context, connection, actor, asked, to="")


def expire(context: Context) -> int:
    """Those whose time is over are answered as where nobody answers; how many."""
    with context.database.transaction() as connection:
        found = interruptions.expired(connection, context.clock.now())
        for asked in found:
            _close(context, connection, asked, InterruptionState.EXPIRED)
            _go_on(context, connection, tasks.get(connection, asked.task))
    if found:
        context.durable.wake()
    return len(found)


def withdraw(context: Context, connection: Connection, task: Task) -> None:
    """Nobody has to answer any more: the task is being cancelled."""
    for asked in interruptions.waiting_in(connection, task.id):
        _close(context, connection, asked, InterruptionState.CANCELLED)


def _go_on(context: Context, connection: Connection, task: Task) -> None:
    """A task that still runs beside the question looks for the answer itself before it pauses."""
    if task.state is TaskState.PAUSED:
        turns.go_on(context, connection, task)


def _require_somewhere(context: Context, actor: Actor, id: str) -> None:
    """NotAllowed `permission.denied`, of the permission that this one needs, for who may answer none anywhere."""
    if actor.may_somewhere(Permission.DEPLOYMENT_APPROVE) or actor.may_somewhere(Permission.DEPLOYMENT_CREATE):
        return
    try:
        needed = NEEDED[get(context, actor, id).kind]
    except NotFound:
        needed = Permission.DEPLOYMENT_CREATE
    actor.require_somewhere(needed)


def _require(connection: Connection, actor: Actor, asked: Interruption) -> Environment:
    """Where it is asked, for who may answer questions of its kind there."""
    owner = projects.by_name(connection, asked.project)
    where = environments.by_name(connection, asked.environment)
    whose = tenants.find_by_name(connection, asked.tenant) if asked.tenant else None
    actor.require(NEEDED[asked.kind], project=owner.id, environment=where.id, tenant=whose.id if whose else None)
    return where


def _assign(context: Context, connection: Connection, actor: Actor, asked: Interruption, *, to: str) -> Interruption:
    saved = interruptions.update(connection, replace(asked, assigned_to=to))
    another = f" what {asked.assigned_to} had taken" if asked.assigned_to not in ("", actor.name) else ""
    context.note(
        connection,
        actor,
        "interruption.taken" if to else "interruption.given_back",
        f"{'took' if to else 'gave back'}{another}: {asked.title}",
        thing=asked.id,
        project=asked.project or None,
        environment=asked.environment or None,
        tenant=asked.tenant or None,
        before=asked,
        after=saved,
    )
    return saved


def _chosen(asked: Interruption, choice: str) -> Choice:
    _require_waiting(asked)
    for offered in asked.choices:
        if offered.value == choice:
            return offered
    possible = ", ".join(one.value for one in asked.choices)
    raise Invalid("interruption.choice", f"it cannot be answered {str(choice)[:40]!r}", thing=asked.id, hint=possible)


def _require_waiting(asked: Interruption) -> None:
    if asked.state is not InterruptionState.WAITING:
        by = f" by {asked.answered_by}" if asked.answered_by else ""
        raise Conflict("interruption.answered", f"it was already {asked.state.value}{by}", thing=asked.id)


def _taken(actor: Actor, asked: Interruption) -> _Rule | None:
    if asked.assigned_to in ("", actor.name):
        return None
    hint = f"who has it, or administers the environment: fairlead interruptions give-back {asked.id}"
    return _Rule("interruption.taken", f"{asked.assigned_to} has taken it", hint)


def _broken_rule(connection: Connection, actor: Actor, asked: Interruption) -> _Rule | None:
    why = "somebody who administers the environment may override it, with a reason"
    if asked.teams and not _is_in_one(connection, actor, asked.teams):
        teams = ", ".join(asked.teams)
        return _Rule("interruption.team", f"only members of {teams} may answer", why)
    if not asked.author_may_answer and _is_author(connection, actor, asked):
        message = f"{actor.name} has a part in this change, and may not answer"
        return _Rule("interruption.author", message, why)
    return None


def _is_in_one(connection: Connection, actor: Actor, teams: Iterable[str]) -> bool:
    mine = {actor.name.lower(), *(name.lower() for name in teaming.names_of(connection, actor.id))}
    return not mine.isdisjoint(team.lower() for team in teams)


def _is_author(connection: Connection, actor: Actor, asked: Interruption) -> bool:
    """Whether it is the actor's change: who made the release, who asked for the deployment, who wrote one of its
    commits; of a runbook, who asked for the run."""
    name, found = actor.name.lower(), deployments.of_task(connection, asked.task)
    if found is None:
        return name == tasks.get(connection, asked.task).created_by.lower()
    release = releases.get(connection, found.release)
    written = {change.author.lower() for change in release.changes}
    if name in {release.created_by.lower(), found.created_by.lower(), *written}:
        return True
    user = users.find(connection, actor.id)
    email = user.email.lower() if user else ""
    return bool(email) and any(f"<{email}>" in author for author in written)


def opened(context: Context, connection: Connection, asked: Interruption) -> None:
    """A person is asked: in the audit, and to who wants to be told."""
    if asked.project:
        context.note(
            connection,
            SYSTEM,
            "interruption.waiting",
            f"waits for an answer: {asked.title}",
            thing=asked.id,
            project=asked.project,
            environment=asked.environment or None,
            tenant=asked.tenant or None,
            facts={"task": asked.task},
        )
    telling.interruption_waits(context, connection, asked)


def _close(context: Context, connection: Connection, asked: Interruption, state: InterruptionState) -> None:
    nobody = WHERE_NOBODY_ANSWERS[asked.kind]
    closed = replace(asked, state=state, answer=nobody, answered_at=context.clock.now())
    _note(context, connection, SYSTEM, interruptions.update(connection, closed), "")


def _note(context: Context, connection: Connection, actor: Actor, asked: Interruption, overridden: str) -> None:
    said = asked.answer.value if asked.answer else ""
    how = f"{said}" + (f": {asked.note[:200]}" if asked.note else "") + (" (in spite of a rule)" if overridden else "")
    context.note(
        connection,
        actor,
        f"interruption.{asked.state.value}",
        f"{asked.title}: {NOBODY.get(asked.state, '')}{how}",
        thing=asked.id,
        project=asked.project or None,
        environment=asked.environment or None,
        tenant=asked.tenant or None,
        facts={"task": asked.task, "choice": said, **({"overridden": overridden} if overridden else {})},
    )
