"""The dashboard: projects down, environments across, and what is live, moves or waits in each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Query
from starlette.responses import Response

from fairlead.domain.certificate import Certificate
from fairlead.domain.deployment import DeploymentOutcome, DeploymentState
from fairlead.domain.environment import Environment
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.task import PhaseState, TaskPhase
from fairlead.ports.catalogue import Place
from fairlead.server.routing import page_router
from fairlead.server.web import rendering, words
from fairlead.server.web.cells import CellView, TenantLine
from fairlead.server.web.visit import Visiting, Visitor, in_one_transaction
from fairlead.store import tasks
from fairlead.usecases import certificates, groups, overview, tenants
from fairlead.usecases.going import place_of
from fairlead.usecases.running import Down

router = page_router()

_FAILURES = (DeploymentOutcome.ROLLED_BACK, DeploymentOutcome.FAILED, DeploymentOutcome.REFUSED)
CERTIFICATES_SHOWN = 5
TENANTS_SHOWN = 5
"""Of a cell; the page of the place has all."""


@router.get("/")
@in_one_transaction
def show(
    visitor: Visiting,
    search: Annotated[str, Query(max_length=100)] = "",
    group: Annotated[str, Query(max_length=100)] = "",
    tenant: Annotated[str, Query(max_length=100)] = "",
    after: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """The page."""
    now, near = visitor.context.clock.now(), _ending(visitor)
    ending = [one.end_words(now) for one in near[:CERTIFICATES_SHOWN]]
    grid = grid_of(visitor, search.strip(), after, group=group, tenant=tenant)
    return visitor.page("dashboard.html", {**grid, "ending": ending, "more_ending": len(near) - len(ending)})


def _ending(visitor: Visitor) -> Sequence[Certificate]:
    """Certificates to renew, for who may view what is of no project."""
    return certificates.ending(visitor.context, visitor.actor) if visitor.may(Permission.VIEW) else ()


@router.get("/grid")
@in_one_transaction
def show_grid(
    visitor: Visiting,
    search: Annotated[str, Query(max_length=100)] = "",
    group: Annotated[str, Query(max_length=100)] = "",
    tenant: Annotated[str, Query(max_length=100)] = "",
    after: Annotated[str | None, Query(max_length=100)] = None,
    seen: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """The grid alone, as htmx asks for it again and again; 204 where nothing in it changed."""
    response = visitor.part("grid.html", grid_of(visitor, search.strip(), after, group=group, tenant=tenant))
    return unless_seen(response, seen)


def grid_of(visitor: Visitor, search: str, after: str | None, *, group: str = "", tenant: str = "") -> dict[str, Any]:
    """What both templates show."""
    context = visitor.context
    found = overview.grid(context, visitor.actor, search=search, group=group, tenant=tenant, after=after)
    rows = rows_of(visitor, found)
    asked = {"search": search} | ({"group": group} if group else {}) | ({"tenant": tenant} if tenant else {})
    return {
        "environments": found.environments,
        "not_asked": found.not_asked,
        "proxy_trouble": found.proxy_trouble,
        "rows": rows,
        "search": search,
        "group": group,
        "groups": sorted(groups.names(context, visitor.actor).values()),
        "tenant": found.tenant.name if found.tenant else "",
        "tenants": tenants.names(context, visitor.actor),
        "after": after,
        "next_page": f"/?{urlencode({**asked, 'after': found.more})}" if found.more else "",
        "query": urlencode({**asked, "after": after} if after else asked),
    }


def rows_of(visitor: Visitor, found: overview.Grid) -> list[tuple[Project, list[tuple[Environment, CellView | None]]]]:
    """The grid as it is drawn: each project with its cells, in the order of the environments."""
    moving = [cell.latest.task for cell in found.cells.values() if cell.latest and _moves(cell) and cell.latest.task]
    with visitor.context.database.reading() as connection:
        phases = tasks.phases_of_many(connection, moving)
    return [
        (
            project,
            [
                (
                    one,
                    cell_of(place_of(project, one, found.tenant), found.cells[(project.id, one.id)], phases),
                )
                for one in found.environments
            ],
        )
        for project in found.projects
    ]


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
        DeploymentState.PAUSED,
        DeploymentState.UNSETTLED,
    )


def cell_of(
    at: Place,
    cell: overview.Cell,
    phases: Mapping[str, tuple[TaskPhase, ...]],
) -> CellView | None:
    """One cell; None where nothing ever was."""
    drawn = _drawn(at, cell, phases)
    if drawn and cell.down:
        drawn = replace(drawn, down=_of_down(cell.down).word)
    if drawn and cell.users_at:
        drawn = replace(drawn, users_at=cell.users_at)
    if drawn and cell.approval is not None and not cell.waits:
        drawn = replace(drawn, waits_beside=True)
    if not cell.tenants:
        return drawn
    lines = tuple(_line(at, one) for one in cell.tenants[:TENANTS_SHOWN])
    first = drawn or CellView(words.LIVE, "", link=place_link(at))
    return replace(first, tenants=lines, more_tenants=max(0, len(cell.tenants) - TENANTS_SHOWN))


def place_link(at: Place) -> str:
    """The address of the page of the place."""
    asked = f"?{urlencode({'tenant': at.tenant})}" if at.tenant else ""
    return f"/projects/{at.project}/environments/{quote(at.environment)}{asked}"


def _line(at: Place, one: overview.TenantCell) -> TenantLine:
    drawn, cell = _line_alone(one, place_link(replace(at, tenant=one.tenant.name))), one.cell
    return replace(drawn, users_at=cell.users_at, recorded=cell.live_version) if cell.users_at else drawn


def _line_alone(one: overview.TenantCell, link: str) -> TenantLine:
    cell = one.cell
    if cell.waits:
        return TenantLine(one.tenant.name, cell.latest_version, words.WAITS, link)
    look = words.of_deployment(cell.latest) if cell.latest else words.RETIRED
    if cell.down:
        return TenantLine(one.tenant.name, cell.live_version, _of_down(cell.down), link)
    is_told = cell.latest is not None and (not cell.latest.has_ended or cell.latest.outcome in _FAILURES)
    return TenantLine(one.tenant.name, (not is_told and cell.live_version) or cell.latest_version, look, link)


def _drawn(
    at: Place,
    cell: overview.Cell,
    phases: Mapping[str, tuple[TaskPhase, ...]],
) -> CellView | None:
    latest = cell.latest
    if latest is None:
        return None
    place = place_link(at)
    task = f"/tasks/{latest.task}" if latest.task else f"/deployments/{latest.id}"
    if cell.approval is not None and cell.waits:
        return CellView(
            words.WAITS, cell.latest_version, at=cell.approval.created_at, link=task, live_version=cell.live_version
        )
    look = words.of_deployment(latest)
    if latest.state is DeploymentState.SCHEDULED:
        return CellView(look, cell.latest_version, link=task, live_version=cell.live_version)
    if _moves(cell):
        percent, now = _progress(phases.get(latest.task or "", ()))
        return CellView(look, cell.latest_version, now, percent=percent, link=task, live_version=cell.live_version)
    is_failure = latest.outcome in _FAILURES
    if latest.outcome is DeploymentOutcome.LIVE and not cell.is_live:
        return CellView(words.RETIRED, "", "nothing is live any more", link=place)
    if is_failure or not cell.is_live:
        return CellView(
            look, cell.latest_version, latest.reason, at=latest.ended_at, link=task, live_version=cell.live_version
        )
    since = cell.live.committed_at if cell.live else None
    if cell.down:
        said = ", ".join(str(one) for one in cell.down.short) or "no instance runs: users get no answer"
        said = f"what runs is {cell.down.elsewhere}, which our books do not know" if cell.down.elsewhere else said
        return CellView(_of_down(cell.down), cell.live_version, said, link=place, standby=cell.standby_version)
    return CellView(words.LIVE, cell.live_version, at=since, link=place, standby=cell.standby_version)


def _of_down(down: Down) -> words.Look:
    return words.RUNS_IN_PART if down.short else words.NOT_RUNNING


def _progress(phases: tuple[TaskPhase, ...]) -> tuple[int, str]:
    """How far a task is, in percent of its phases, and the title of the one that runs."""
    if not phases:
        return 0, ""
    under_way = (PhaseState.RUNNING, PhaseState.PAUSED)
    over = sum(1 for phase in phases if phase.state not in (PhaseState.WAITING, *under_way))
    running = next((phase.title for phase in phases if phase.state in under_way), "")
    return round(100 * (over + (0.5 if running else 0)) / len(phases)), running
