"""Tasks: states, logs as they come, artifacts, cancel and resume."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Header, Query, Response
from fastapi.responses import StreamingResponse

from fairlead.domain.permission import Permission
from fairlead.domain.task import TaskKind, TaskState
from fairlead.domain.test_report import worst_first
from fairlead.domain.unused import Verdict
from fairlead.ports.artifacts import Artifacts
from fairlead.server import openapi
from fairlead.server.api import answers, shapes
from fairlead.server.api.answers import retention as told
from fairlead.server.api.doors import MOST_NUMBER, After, AfterLine, Asked, Asking, Books, Limit, Parts, number_of
from fairlead.server.bootstrap import Server
from fairlead.server.routing import api_router
from fairlead.usecases import marking, package_retention, release_retention, resuming, retention, tasks

router = api_router("tasks")

KEEP_ALIVE_S = 15.0


@router.get("/tasks")
def list_tasks(
    context: Books,
    actor: Asking,
    state: TaskState | None = None,
    kind: TaskKind | None = None,
    project: str | None = None,
    environment: str = "",
    tenant: str = "",
    after: After = None,
    limit: Limit = 50,
) -> answers.Page[answers.TaskListed]:
    """The newest first."""
    place = {"environment": environment, "tenant": tenant}
    part = tasks.page(context, actor, kind=kind, state=state, project=project, **place, after=after, limit=limit)
    marks = marking.of_tasks(context, actor, part.items)
    return shapes.page(part, lambda one: shapes.task_listed(one, marks.get(one.subject)))


@router.get("/tasks/{id}")
def get_task(context: Books, actor: Asking, id: str) -> answers.TaskAlone:
    """One task with its phases and facts."""
    return shapes.task_view(tasks.view(context, actor, id))


@router.get("/tasks/{id}/log")
async def get_log(
    context: Books,
    server: Parts,
    actor: Asking,
    id: str,
    after: AfterLine = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
) -> answers.Page[answers.Line]:
    """The lines with a number over `after`."""
    found = await context.database.run(lambda: tasks.get(context, actor, id))
    lines = await server.task_log.read(found.id, after=after, limit=limit)
    more = str(lines[-1].number) if len(lines) == limit else None
    return {"items": [shapes.line(one) for one in lines], "next": more}


@router.get(
    "/tasks/{id}/log/follow",
    response_class=StreamingResponse,
    responses=openapi.events(
        "an event for each line, whose id is the line's number; then `end` with the task",
        {"$ref": "#/components/schemas/Line"},
        {"$ref": "#/components/schemas/Task"},
    ),
)
async def follow_log(
    context: Books,
    server: Parts,
    actor: Asking,
    id: str,
    after: AfterLine = 0,
    timeout_s: Annotated[float, Query(ge=0, le=86_400)] = 0,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Server-sent events: the lines as they come, then `end` with the task; resumable by Last-Event-ID."""
    found = await context.database.run(lambda: tasks.get(context, actor, id))
    seen = number_of(last_event_id or "")
    begin = after if seen is None else min(seen, MOST_NUMBER)

    async def lines() -> AsyncIterator[str]:
        async for line in server.task_log.follow(found.id, after=begin):
            yield f"id: {line.number}\ndata: {json.dumps(shapes.line(line), ensure_ascii=False)}\n\n"
        ended = await context.database.run(lambda: tasks.get(context, actor, id))
        yield f"event: end\ndata: {json.dumps(shapes.task(ended), ensure_ascii=False)}\n\n"

    return stream(lines(), timeout_s=timeout_s)


@router.post("/tasks/{id}/cancel")
def cancel(context: Books, server: Parts, actor: Asking, id: str) -> answers.Task:
    """Stop it; what it did is undone, unless it is past its commit point."""
    found = tasks.cancel(context, actor, id)
    server.interpreter.cancels.look_now(found.id)
    context.durable.wake()
    return shapes.task(found)


@router.post("/tasks/{id}/resume")
async def resume(context: Books, server: Parts, actor: Asking, id: str) -> answers.Task:
    """Take an unsettled task up again now."""
    actor.require_somewhere(Permission.DEPLOYMENT_CREATE)
    seen = await context.database.run(lambda: tasks.get(context, actor, id))
    await resuming.require_safe(context, server.container_engine, server.proxy, seen.id)
    found = await context.database.run(lambda: tasks.may_resume(context, actor, id))
    end = (await server.tasks.unsettled()).get(found)
    await server.durable.resume(found, again=(end.again if end else 0) + 1)
    return shapes.task(await context.database.run(lambda: tasks.get(context, actor, id)))


@router.post("/retention", status_code=201)
def retain(context: Books, actor: Asking) -> answers.Task:
    """Let releases go as their lifecycles say, and the images that no kept release names, now; what goes stands in the
    task's plan."""
    return shapes.task(retention.start(context, actor))


@router.get("/retention")
def preview_retention(context: Books, actor: Asking, project: str = "") -> answers.Page[told.RetainedRelease]:
    """What it would do to releases, and why; nothing is deleted. The newest of each project first."""
    return shapes.whole(release_retention.preview(context, actor, project=project), _retained)


@router.get("/retention/packages")
def preview_package_retention(context: Books, actor: Asking) -> answers.Page[told.RetainedPackage]:
    """What it would do to packages of the feed and to build information, and why; nothing is deleted."""
    return shapes.whole(package_retention.preview(context, actor), _retained_package)


@router.get("/tasks/{id}/artifacts")
async def list_artifacts(
    context: Books, server: Parts, actor: Asking, id: str, asked: Asked
) -> answers.Page[answers.Artifact]:
    """What it left behind."""
    found = await context.database.run(lambda: tasks.get(context, actor, id))
    names = await artifacts_of(server).names(found.id)
    return shapes.cut(names.items(), _artifact, asked, name=lambda one: one[0])


def _artifact(one: tuple[str, str]) -> answers.Artifact:
    return {"name": one[0], "kind": one[1]}


@router.get("/tasks/{id}/tests")
def list_tests(context: Books, actor: Asking, id: str) -> answers.TestCases:
    """Every case that its tests reported in JUnit files, kind by kind, what failed first."""
    reports = tasks.test_reports(context, actor, id)
    cases = [
        shapes.test_case(kind, one) for kind, report in reports.items() for one in sorted(report.cases, key=worst_first)
    ]
    return {"items": cases, "next": None, "problems": [text for one in reports.values() for text in one.problems]}


@router.get("/tasks/{id}/artifacts/{name:path}", response_class=Response, responses=openapi.BYTES)
async def get_artifact(context: Books, server: Parts, actor: Asking, id: str, name: str) -> Response:
    """The bytes, as a download: what a container wrote is never shown as a page of ours."""
    found = await context.database.run(lambda: tasks.get(context, actor, id))
    content = await artifacts_of(server).read(found.id, name)
    safe = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in name)[-80:]
    headers = {"Content-Disposition": f'attachment; filename="{safe}"'}
    return Response(content, media_type="application/octet-stream", headers=headers)


def artifacts_of(server: Server) -> Artifacts:
    """Where artifacts are kept."""
    return server.context.artifacts


def stream(events: AsyncIterator[str], *, timeout_s: float = 0) -> StreamingResponse:
    """The events as a response that ends at the bound, if there is one; a comment keeps it open while nothing comes."""

    async def kept_alive() -> AsyncIterator[str]:
        yield ": open\n\n"
        queue: asyncio.Queue[str | None] = asyncio.Queue(maxsize=1000)

        async def fill() -> None:
            try:
                async with contextlib.aclosing(events) as coming:  # type: ignore[type-var]
                    async for event in coming:
                        await queue.put(event)
            except Exception:
                await queue.put(None)
                raise
            await queue.put(None)  # not where we are cancelled: nobody takes it, and the queue may be full

        filling = asyncio.create_task(fill())
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s if timeout_s else None
        try:
            while deadline is None or loop.time() < deadline:
                still = loop.time() + KEEP_ALIVE_S
                try:
                    async with asyncio.timeout_at(min(still, deadline or still)):
                        event = await queue.get()
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if event is None:
                    return
                yield event
        finally:
            filling.cancel()

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(kept_alive(), media_type="text/event-stream", headers=headers)


def _retained_package(one: Verdict) -> told.RetainedPackage:
    return {
        "noun": one.stored.noun,
        "name": one.stored.name,
        "version": one.stored.version,
        "created_at": one.stored.created_at.isoformat(),
        "is_kept": one.is_kept,
        "reason": one.words,
    }


def _retained(one: release_retention.Judged) -> told.RetainedRelease:
    return {
        "project": one.project,
        "version": one.release.version,
        "created_at": one.release.created_at.isoformat(),
        "is_kept": one.fate.is_kept,
        "reason": one.fate.words,
    }
