"""The dashboard: projects down, environments across, and what is live, moves or waits in each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from fairlead.domain.deployment import DeploymentOutcome, DeploymentState
from fairlead.domain.environment import Environment
from fairlead.domain.project import Project
from fairlead.domain.slot import SlotState
from fairlead.domain.task import PhaseState, TaskPhase
from fairlead.server.web import rendering, words
from fairlead.server.web.visit import Visiting, Visitor
from fairlead.server.web.words import Look
from fairlead.store import slots, tasks
from fairlead.usecases import groups, overview

router = APIRouter()

SHOWN = 20
"""Projects on a page: with ten environments two hundred cells, made in hundredths of a second, redrawn unnoticed."""


@dataclass(frozen=True, slots=True)
class CellView:
    """A cell as it is drawn: a version, what is said below it, and where it leads."""

    look: Look
    version: str
    detail: str = ""
    at: Any = None
    percent: int = 0
    link: str = ""
    live_version: str = ""
    standby: str = ""


@router.get("/")
def show(
    visitor: Visiting,
    search: Annotated[str, Query(max_length=100)] = "",
    group: Annotated[str, Query(max_length=100)] = "",
    after: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """The page."""
    return visitor.page("dashboard.html", grid_of(visitor, search.strip(), after, group=group))


@router.get("/grid")
def show_grid(
    visitor: Visiting,
    search: Annotated[str, Query(max_length=100)] = "",
    group: Annotated[str, Query(max_length=100)] = "",
    after: Annotated[str | None, Query(max_length=100)] = None,
    seen: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """The grid alone, as htmx asks for it again and again; 204 where nothing in it changed."""
    response = visitor.part("grid.html", grid_of(visitor, search.strip(), after, group=group))
    return unless_seen(response, seen)


def grid_of(visitor: Visitor, search: str, after: str | None, *, group: str = "") -> dict[str, Any]:
    """What both templates show."""
    context = visitor.context
    found = overview.grid(context, visitor.actor, search=search, group=group, after=after, limit=SHOWN)
    moving = [cell.latest.task for cell in found.cells.values() if cell.latest and _moves(cell) and cell.latest.task]
    with context.database.reading() as connection:
        phases = tasks.phases_of_many(connection, moving)
        standing = slots.all_by_place(connection, [project.name for project in found.projects])
    rows = [
        (
            project,
            [
                (environment, _cell(project, environment, found.cells[(project.id, environment.id)], phases, standing))
                for environment in found.environments
            ],
        )
        for project in found.projects
    ]
    asked = {"search": search} | ({"group": group} if group else {})
    return {
        "environments": found.environments,
        "rows": rows,
        "search": search,
        "group": group,
        "groups": sorted(groups.names(context, visitor.actor).values()),
        "after": after,
        "next_page": f"/?{urlencode({**asked, 'after': found.more})}" if found.more else "",
        "query": urlencode({**asked, "after": after} if after else asked),
    }


def unless_seen(response: Response, seen: str) -> Response:
    """204 where the reader has this very part already; else the part, with its mark in it for the next time."""
    body = bytes(response.body)
    mark = hashlib.sha256(body.replace(b"@seen@", b"")).hexdigest()[:16]
    if mark == seen:
        return Response(status_code=204, headers=rendering.NOT_KEPT)
    return Response(body.replace(b"@seen@", mark.encode()), media_type="text/html", headers=rendering.NOT_KEPT)


def _moves(cell: overview.Cell) -> bool:
    return cell.latest is not None and cell.latest.state in (
        DeploymentState.QUEUED,
        DeploymentState.RUNNING,
        DeploymentState.UNSETTLED,
    )


def _cell(
    project: Project,
    environment: Environment,
    cell: overview.Cell,
    phases: Mapping[str, tuple[TaskPhase, ...]],
    standing: Mapping[tuple[str, str], Mapping[Any, Any]],
) -> CellView | None:
    """One cell; None where nothing ever was."""
    latest = cell.latest
    if latest is None:
        return None
    place = f"/projects/{project.name}/environments/{quote(environment.name)}"
    task = f"/tasks/{latest.task}" if latest.task else f"/deployments/{latest.id}"
    if cell.approval is not None:
        return CellView(
            words.WAITS, cell.latest_version, at=cell.approval.created_at, link=task, live_version=cell.live_version
        )
    look = words.of_deployment(latest)
    if _moves(cell):
        percent, now = _progress(phases.get(latest.task or "", ()))
        return CellView(look, cell.latest_version, now, percent=percent, link=task, live_version=cell.live_version)
    is_failure = latest.outcome in (DeploymentOutcome.ROLLED_BACK, DeploymentOutcome.REFUSED)
    if latest.outcome is DeploymentOutcome.LIVE and cell.colour is None:
        return CellView(words.RETIRED, "", "nothing is live any more", link=place)
    if is_failure or cell.colour is None:
        return CellView(
            look, cell.latest_version, latest.reason, at=latest.ended_at, link=task, live_version=cell.live_version
        )
    slots_here = standing.get((project.name, environment.name), {})
    standby = next((slot.version for slot in slots_here.values() if slot.state is SlotState.STANDBY), "")
    since = cell.live.committed_at if cell.live else None
    return CellView(words.LIVE, cell.live_version, at=since, link=place, standby=standby)


def _progress(phases: tuple[TaskPhase, ...]) -> tuple[int, str]:
    """How far a task is, in percent of its phases, and the title of the one that runs."""
    if not phases:
        return 0, ""
    over = sum(1 for phase in phases if phase.state not in (PhaseState.WAITING, PhaseState.RUNNING))
    running = next((phase.title for phase in phases if phase.state is PhaseState.RUNNING), "")
    return round(100 * (over + (0.5 if running else 0)) / len(phases)), running
