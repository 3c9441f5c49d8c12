"""The task page: phases, outcome, log; and what a person may do about it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse

from fairlead.domain.actor import Actor
from fairlead.domain.deployment import Deployment, DeploymentOutcome
from fairlead.domain.errors import Conflict
from fairlead.domain.interruption import Interruption, InterruptionState
from fairlead.domain.permission import Permission
from fairlead.domain.reason import Reason
from fairlead.domain.record import Json
from fairlead.domain.task import PhaseState, Task, TaskState
from fairlead.domain.test_report import TestReport, worst_first
from fairlead.ports.task_log import Line
from fairlead.ports.tasks import End
from fairlead.server.api.doors import AfterLine
from fairlead.server.routing import page_router
from fairlead.server.web import rendering, times
from fairlead.server.web.dashboard import unless_seen
from fairlead.server.web.lists import Paged
from fairlead.server.web.visit import Posted, Visiting, Visitor, in_one_transaction, one_of
from fairlead.steps.keeping import asked_s
from fairlead.store import artifacts, task_lines
from fairlead.usecases import deployments, interruptions, kept_slots, marking, releases, resuming, runs, tasks, why
from fairlead.usecases.context import Context
from fairlead.usecases.deployments import DeploymentView
from fairlead.usecases.restored import RESTORED

router = page_router()

LINES_ON_A_PAGE = 1000
LINES_AT_FIRST = 5_000
"""What the live log begins with of a longer one; the lines before are fetched when they are asked for."""
READ_AT_ONCE = 2000
CASES_SHOWN = 2000
CHILDREN_SHOWN = 50
QUESTIONS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Tests:
    """What one kind of tests reported."""

    __test__ = False

    kind: str
    is_reported: bool
    counts: Mapping[str, int]
    failing: Sequence[str]


@router.get("/tasks")
@in_one_transaction
def show_list(visitor: Visiting, part: Paged, state: str = "", project: str = "") -> Response:
    """All tasks, or those in that state, the newest first."""
    context, actor = visitor.context, visitor.actor
    wanted = one_of(TaskState, state, "state of a task") if state else None
    found = tasks.page(context, actor, state=wanted, project=project or None, after=part.after, limit=part.limit)
    marks = marking.of_tasks(context, actor, found.items)
    values = {
        "section": "/tasks",
        "tasks": found.items,
        "marks": marks,
        "state": wanted,
        "states": TaskState,
        "project": project,
    }
    return visitor.page("tasks.html", {**values, "listed": part.shown(found.after)})


@router.get("/tasks/{id}")
def show(visitor: Visiting, id: str) -> Response:
    """One task."""
    values = _state_of(visitor, id)
    with visitor.context.database.reading() as connection:
        last = task_lines.last_number(connection, values["task"].id)
    log = {"last": last, "first": max(0, last - LINES_AT_FIRST)}
    return visitor.page("task.html", {"section": "/tasks", "log": log, **values})


@router.get("/tasks/{id}/state")
def show_state(visitor: Visiting, id: str, seen: Annotated[str, Query(max_length=64)] = "") -> Response:
    """All of it but the log, as htmx asks for it again and again; 204 where nothing changed."""
    return unless_seen(visitor.part("task_state.html", _state_of(visitor, id)), seen)


@router.get("/tasks/{id}/log")
def show_log(visitor: Visiting, id: str, after: AfterLine = 0) -> Response:
    """The log page by page, for who has no JavaScript."""
    found = tasks.get(visitor.context, visitor.actor, id)
    with visitor.context.database.reading() as connection:
        lines = task_lines.read(connection, found.id, after=after, limit=LINES_ON_A_PAGE)
    is_more = len(lines) == LINES_ON_A_PAGE
    older = f"/tasks/{found.id}/log?after={lines[-1].number}" if is_more else ""
    newest = f"/tasks/{found.id}/log" if after else ""
    values = {"section": "/tasks", "task": found, "lines": lines, "older": older, "newest": newest}
    return visitor.page("task_log.html", values)


@router.get("/tasks/{id}/log.txt")
async def download_log(visitor: Visiting, id: str) -> Response:
    """The whole log as text."""
    context, log = visitor.context, visitor.server.task_log
    found = await context.database.run(lambda: tasks.get(context, visitor.actor, id))

    async def text() -> AsyncIterator[str]:
        after = 0
        while lines := await log.read(found.id, after=after, limit=READ_AT_ONCE):
            after = lines[-1].number
            yield "".join(_as_text(line) for line in lines)

    headers = {**rendering.NOT_KEPT, "Content-Disposition": f'attachment; filename="{found.id}.log"'}
    return StreamingResponse(text(), media_type=PlainTextResponse.media_type, headers=headers)


@router.get("/tasks/{id}/tests/{kind}")
def show_tests(visitor: Visiting, id: str, kind: str) -> Response:
    """Every case that the tests of that kind reported."""
    found = tasks.get(visitor.context, visitor.actor, id)
    report = tasks.test_reports(visitor.context, visitor.actor, id).get(kind, TestReport())
    cases = sorted(report.cases, key=worst_first)[:CASES_SHOWN]
    values = {"section": "/tasks", "task": found, "kind": kind, "cases": cases, "report": report}
    return visitor.page("task_tests.html", values)


@router.get("/runs/{id}")
def go_to_run(visitor: Visiting, id: str) -> Response:
    """The task that carries the run out."""
    found = runs.get(visitor.context, visitor.actor, id)
    return RedirectResponse(f"/tasks/{found.task}" if found.task else "/tasks", status_code=303)


@router.post("/tasks/{id}/cancel")
def cancel(form: Posted, id: str) -> Response:
    """Stop it."""
    visitor = form.visitor

    def work() -> str:
        found = tasks.cancel(visitor.context, visitor.actor, id)
        if found.state.has_ended:
            return "It has ended."
        visitor.server.interpreter.cancels.look_now(found.id)
        visitor.context.durable.wake()
        return "It is being stopped. What it did is undone."

    return form.act(f"/tasks/{id}", work)


@router.post("/tasks/{id}/resume")
async def resume(form: Posted, id: str) -> Response:
    """Take an unsettled task up again now."""
    visitor = form.visitor
    context, server = visitor.context, visitor.server
    back = f"/tasks/{id}"
    visitor.actor.require_somewhere(Permission.DEPLOYMENT_CREATE)
    try:
        seen = await context.database.run(lambda: tasks.get(context, visitor.actor, id))
        await resuming.require_safe(context, server.container_engine, server.proxy, seen.id)
        found = await context.database.run(lambda: tasks.may_resume(context, visitor.actor, id))
    except Conflict as error:
        return form.refused(back, error)
    end = (await server.tasks.unsettled()).get(found)
    await server.durable.resume(found, again=(end.again if end else 0) + 1)
    return form.done(back, "It is taken up again.")


def _state_of(visitor: Visitor, id: str) -> dict[str, Any]:
    context, actor = visitor.context, visitor.actor
    view = tasks.view(context, actor, id)
    task = view.task
    with context.database.reading() as connection:
        left = artifacts.names(connection, task.id)
    deployment = deployments.get(context, actor, task.subject) if task.kind in ("deployment", "rollback") else None
    run = runs.get(context, actor, task.subject) if task.kind == "run" and task.subject else None
    made = releases.get(context, actor, task.project, run.release) if run and run.release else None
    asked_for = deployments.page(context, actor, parent=task.id, limit=CHILDREN_SHOWN).items
    over = sum(1 for phase in view.phases if phase.state not in (PhaseState.WAITING, PhaseState.RUNNING))
    return {
        "task": task,
        "waits_for": view.waits_for,
        "phases": view.phases,
        "over": over,
        "plan": view.plan,
        "facts": view.facts,
        "certificate": _certificate(view.facts),
        "tests": _tests(view.facts, left),
        "artifacts": left,
        "deployment": deployment,
        "children": tuple(reversed(asked_for)),
        "asked": () if task.state.has_ended else _asked(visitor, task),
        "kept_s": asked_s(view.facts),
        **_offered(actor, task, deployment.deployment if deployment else None),
        "stands_until": _stands_until(context, deployment),
        "is_live": deployment is not None and deployment.deployment.outcome is DeploymentOutcome.LIVE,
        "run": run,
        "made": made,
        "unsettled": view.unsettled,
        "why": _besides(_why(visitor, task), task, view.unsettled),
        "switch": deployment.switch if deployment else None,
    }


def _offered(actor: Actor, task: Task, of: Deployment | None) -> dict[str, bool]:
    """Which acts the page offers; the use cases decide them."""
    may_deploy = of is not None and actor.may(
        Permission.DEPLOYMENT_CREATE, project=of.project, environment=of.environment, tenant=of.tenant
    )
    is_past_commit = of is not None and of.committed_at is not None
    is_held = task.state is TaskState.UNSETTLED and task.code == RESTORED
    goes_on = not task.state.has_ended and (is_held or not is_past_commit)
    has_failed = of is not None and of.has_ended and task.state.has_ended and not is_past_commit
    return {
        "may_deploy": may_deploy,
        "is_held": is_held,
        "may_keep": may_deploy and task.state in (TaskState.QUEUED, TaskState.RUNNING) and not is_past_commit,
        "may_cancel": goes_on and not task.is_cancel_asked and actor.may_somewhere(Permission.TASK_CANCEL),
        "may_retry": may_deploy and has_failed,
        "may_resume": task.state is TaskState.UNSETTLED and actor.may_somewhere(Permission.DEPLOYMENT_CREATE),
    }


def _asked(visitor: Visitor, task: Task) -> Sequence[Interruption]:
    """What it asks a person, the oldest question first."""
    waiting = InterruptionState.WAITING
    found = interruptions.page(visitor.context, visitor.actor, task=task.id, state=waiting, limit=QUESTIONS_SHOWN)
    return tuple(reversed(found.items))


def _stands_until(context: Context, deployment: DeploymentView | None) -> datetime | None:
    if deployment is None:
        return None
    with context.database.reading() as connection:
        return kept_slots.stands_until(connection, deployment.deployment)


def _why(visitor: Visitor, task: Task) -> Reason | None:
    """The reasons of what did not go well; what did has a link to its own."""
    if task.state is TaskState.SUCCEEDED or not (task.state.has_ended or task.state is TaskState.UNSETTLED):
        return None
    context, actor = visitor.context, visitor.actor
    if task.kind in ("deployment", "rollback"):
        return why.deployment(context, actor, task.subject)
    return why.run(context, actor, task.id) if task.kind in ("run", "runbook") else None


def _besides(found: Reason | None, task: Task, end: End | None) -> Reason | None:
    """The reasons that no card of the page tells already, by what they are shown with."""
    if found is None:
        return None
    told = {tuple(task.differences), *((tuple(end.tried), tuple(end.commands)) if end else ())}
    left = tuple(one for one in found.because if not one.evidence or tuple(one.evidence) not in told)
    return replace(found, because=left)


def _certificate(facts: Mapping[str, Json]) -> dict[str, Any] | None:
    """The restoration certificate as its page shows it; None where nothing was captured."""
    found = facts.get("certificate")
    if not isinstance(found, dict):
        return None
    return {
        "is_as_it_was": bool(found.get("is_as_it_was")),
        "is_as_announced": bool(found.get("is_as_announced")),
        "announced": _texts(found.get("announced")),
        "differences": _texts(found.get("differences")),
        "restarted": _texts(found.get("restarted")),
    }


def _tests(facts: Mapping[str, Json], left: Mapping[str, str]) -> list[Tests]:
    found = []
    for name, fact in facts.items():
        if not name.startswith("tests:") or not isinstance(fact, dict):
            continue
        counts = {word: fact.get(word) for word in ("passed", "failed", "errored", "skipped")}
        whole = {word: count for word, count in counts.items() if isinstance(count, int)}
        found.append(Tests(name.partition(":")[2], bool(fact.get("reported")), whole, _texts(fact.get("failing"))))
    return found


def _texts(data: Json | None) -> list[str]:
    return [str(item) for item in data] if isinstance(data, list) else []


def _as_text(line: Line) -> str:
    where = f"{line.step} [{line.target}]" if line.target else line.step
    return f"{times.exact(line.at)} {line.level:<7} {where} {line.text}\n"
