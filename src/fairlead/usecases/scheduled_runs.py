"""Runs of runbooks that are to begin later: rows that take no turn, begun when their time comes, over any restart."""

from __future__ import annotations

from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.errors import Conflict, FairleadError
from fairlead.domain.permission import Permission
from fairlead.domain.runbook import Runbook, RunbookRun, Unbegun
from fairlead.store import environments, projects, runbooks, tasks
from fairlead.store.database import Connection
from fairlead.usecases import runbook_runs, telling, tenancy, turns
from fairlead.usecases.context import Context
from fairlead.usecases.located import Located
from fairlead.usecases.runbook_runs import RunView
from fairlead.usecases.scheduling import MOST_AT_ONCE


def begin_due(context: Context) -> int:
    """Those whose time has come begin, or are refused where a rule says no by now. How many."""
    with context.database.transaction() as connection:
        due = runbooks.due_runs(connection, context.clock.now(), limit=MOST_AT_ONCE)
        for one in due:
            _begin(context, connection, one)
    if due:
        context.durable.wake()
    return len(due)


def cancel(context: Context, actor: Actor, project: str, name: str, run: str) -> RunView:
    """One that is scheduled (by id or number) does not begin. Conflict `runbook.not_scheduled` where it has begun or
    ended: its task can be cancelled."""
    actor.require_somewhere(Permission.TASK_CANCEL)
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.TASK_CANCEL, project=owner.id)
        found = runbooks.by_name_or_id(connection, owner.id, name)
        one = runbooks.run_named(connection, found, run)
        where = _where(connection, one)
        where.require(actor, Permission.TASK_CANCEL)
        reason = f"cancelled by {actor.name} before it began"
        if not runbooks.end_unbegun(connection, one.id, Unbegun.CANCELLED, at=context.clock.now(), reason=reason):
            [seen] = runbook_runs.run_views(connection, owner, [one])
            message = f"run {one.number} of {found.name} is not scheduled, but {seen.state.value}"
            raise Conflict("runbook.not_scheduled", message, thing=one.id, hint=_instead(connection, one))
        words = f"cancelled {found.name} in {where.shown}, scheduled for {one.not_before}"
        _note(context, connection, actor, "runbook.cancelled", words, one, where)
        [view] = runbook_runs.run_views(connection, owner, [runbooks.get_run(connection, one.id)])
    return view


def _instead(connection: Connection, one: RunbookRun) -> str:
    """What ends one that is not scheduled; "" where it ended."""
    task = tasks.find(connection, one.task) if one.task else None
    return f"fairlead cancel {task.id}" if task is not None and not task.state.has_ended else ""


def _begin(context: Context, connection: Connection, one: RunbookRun) -> None:
    where, found, now = _where(connection, one), runbooks.get(connection, one.runbook), context.clock.now()
    no = runbook_runs.closed(connection, where, one, found.name, at=now)
    if no is None:
        try:
            with connection.begin_nested():
                has_begun = _queue(context, connection, where, found, one)
        except FairleadError as error:
            no = error
        else:
            if has_begun:
                words = f"{found.name} in {where.shown} begins as scheduled"
                _note(context, connection, SYSTEM, "runbook.due", words, one, where)
            return
    if runbooks.end_unbegun(connection, one.id, Unbegun.REFUSED, at=now, reason=no.message, code=no.code, hint=no.hint):
        words = f"{found.name} in {where.shown} is refused: {no.message}"
        _note(context, connection, SYSTEM, "runbook.refused", words, one, where)
        why = "\n".join(part for part in (no.message, no.hint) if part)
        link = f"/projects/{where.project.name}/runbooks"
        telling.runbook_failed(context, connection, where, found.name, why, outcome="refused", link=link, about=one.id)


def _queue(context: Context, connection: Connection, where: Located, found: Runbook, one: RunbookRun) -> bool:
    """Whether it began: false where it waits no more."""
    runbook_runs.require_allowed(connection, where, found)
    variables, by = one.snapshot.variables, one.created_by
    task = runbook_runs.task_of(context, connection, where, found, variables, asked_by=by)
    if not runbooks.begin_run(connection, one.id, task.id):
        return False
    turns.queue(context, connection, task)
    return True


def _where(connection: Connection, one: RunbookRun) -> Located:
    owner, place = projects.get(connection, one.project), environments.get(connection, one.environment)
    return Located(owner, place, tenancy.of(connection, one.tenant))


def _note(
    context: Context, connection: Connection, actor: Actor, kind: str, words: str, one: RunbookRun, where: Located
) -> None:
    context.note(
        connection,
        actor,
        kind,
        words,
        thing=one.id,
        project=where.project.name,
        environment=where.environment.name,
        tenant=where.tenant.name if where.tenant else None,
    )
