"""Looking at repositories: their own head is asked, whatever a webhook said, and what is new becomes a run."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from fairlead.domain.actor import Actor
from fairlead.domain.errors import FairleadError, TimedOut
from fairlead.domain.ids import ProjectId
from fairlead.domain.permission import Permission
from fairlead.domain.project import DEFAULT_POLL_S, Project
from fairlead.domain.run import RunCause
from fairlead.ports.source import Repository, Source
from fairlead.store import projects as kept_projects
from fairlead.store import webhook_deliveries
from fairlead.store.database import Connection
from fairlead.usecases import projects, runs
from fairlead.usecases.context import Context

LOOK_TIMEOUT_S = 60.0


def polled(connection: Connection, at: datetime) -> list[tuple[ProjectId, str, float]]:
    """As `store.projects.polled`. One that is not polled is asked all the same as long as nobody has read it since a
    webhook said *look*, an interval ago: the server may have died behind its answer, or the repository been away."""
    found = kept_projects.polled(connection)
    off = [id for id, _, every_s in found if every_s <= 0]
    waiting = (
        webhook_deliveries.unlooked(connection, off, at - timedelta(seconds=DEFAULT_POLL_S)) if off else frozenset()
    )
    return [(id, name, DEFAULT_POLL_S if id in waiting else every_s) for id, name, every_s in found]


async def look(context: Context, actor: Actor, source: Source, project: Project, *, cause: RunCause) -> runs.Looked:
    """The branch's head as the repository itself says it now; a run where it is new. A failure is kept for people to
    see, and raised; that there is no repository is none."""
    actor.require_somewhere(Permission.VIEW)
    actor.require_somewhere(Permission.VIEW, project=project.id)
    try:
        repository = await asyncio.to_thread(runs.repository_of, context, project)
        branch = project.source.branch if project.source else ""
        head = await _head(source, repository, branch)
    except FairleadError as error:
        if project.source is not None:
            await asyncio.to_thread(runs.could_not_look, context, project, error, cause=cause)
        raise
    return await asyncio.to_thread(runs.saw_head, context, actor, project, head, cause=cause)


async def look_by_name(context: Context, actor: Actor, source: Source, name: str) -> runs.Looked:
    """Asked for by a person."""
    actor.require_somewhere(Permission.RUN_START)
    project = await asyncio.to_thread(projects.get, context, actor, name)
    actor.require(Permission.RUN_START, project=project.id)
    return await look(context, actor, source, project, cause="person")


async def head_of(context: Context, actor: Actor, source: Source, name: str) -> str:
    """The branch's head now, without starting anything."""
    actor.require_somewhere(Permission.RUN_START)
    project = await asyncio.to_thread(projects.get, context, actor, name)
    actor.require(Permission.RUN_START, project=project.id)
    repository = await asyncio.to_thread(runs.repository_of, context, project)
    return await _head(source, repository, project.source.branch if project.source else "")


async def _head(source: Source, repository: Repository, branch: str) -> str:
    try:
        async with asyncio.timeout(LOOK_TIMEOUT_S):
            return await source.head(repository, branch)
    except TimeoutError as error:
        raise TimedOut(
            "source.unreachable",
            f"the repository did not answer within {LOOK_TIMEOUT_S:g} s",
            thing=repository.url,
            hint="it is asked again at the next look",
        ) from error
