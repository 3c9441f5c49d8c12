"""What is live where, and what the live instances write."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Annotated, Any

import structlog
from fastapi import Query
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from fairlead.domain.colour import Colour
from fairlead.domain.deployment import DeploymentOutcome
from fairlead.domain.errors import FairleadError, NotFound, TimedOut
from fairlead.ports.container_engine import (
    LABEL_COLOUR,
    LABEL_SERVICE,
    LABEL_VERSION,
    Container,
    labels_of,
)
from fairlead.server import openapi
from fairlead.server.api import answers
from fairlead.server.api.doors import After, Asking, Books, Limit, Parts
from fairlead.server.api.tasks import stream
from fairlead.server.bootstrap import Server
from fairlead.server.live_output import LiveOutput
from fairlead.server.routing import api_router
from fairlead.usecases import overview, reached, standing

router = api_router("status")

log = structlog.get_logger("fairlead.server")
ENGINE_TIMEOUT_S = 15.0


@router.get("/status")
def status(
    context: Books,
    actor: Asking,
    search: str = "",
    group: str = "",
    tenant: str = "",
    after: After = None,
    limit: Limit = overview.PROJECTS_SHOWN,
) -> answers.Grid:
    """What is live where: projects × environments. With a group only its projects; with a tenant what is live for
    it."""
    found = overview.grid(context, actor, search=search, group=group, tenant=tenant, after=after, limit=limit)
    rows: list[answers.Row] = []
    for project in found.projects:
        cells = {one.name: cell_shape(found.cells[(project.id, one.id)]) for one in found.environments}
        rows.append({"name": project.name, "title": project.title, "cells": cells})
    names = [one.name for one in found.environments]
    return {
        "environments": names,
        "projects": rows,
        "next": found.more,
        "not_asked": found.not_asked,
        "proxy_trouble": found.proxy_trouble,
    }


@router.get("/projects/{project}/environments/{environment}")
async def get_place(
    context: Books, server: Parts, actor: Asking, project: str, environment: str, tenant: str = ""
) -> answers.PlaceState:
    """One project in one environment (for a tenant): slots, routes, where the proxy sends users, and the
    containers as the engine reports them. If
    the engine does not answer, what the books say, and why there are no containers."""
    view = await context.database.run(lambda: overview.place(context, actor, project, environment, tenant=tenant))
    containers, trouble = await found_of(server, view)
    there = await reached.reached(server.proxy, view.place, view.routes)
    view = overview.as_reached(view, there)
    return {
        "project": view.project.name,
        "environment": view.environment.name,
        "tenant": view.tenant.name if view.tenant else "",
        **cell_shape(view.cell),
        "slots": {
            colour: {
                "state": slot.state,
                "version": slot.version,
                "deployment": slot.deployment,
                "standby_until": slot.standby_until.isoformat() if slot.standby_until else None,
                "is_reached": None if there is None else colour in there,
            }
            for colour, slot in view.slots.items()
        },
        "routes": [
            {"service": service, "host": route.host, "path": route.path, "tls": route.tls, "url": url_of(server, route)}
            for service, its in view.routes.items()
            for route in its
        ],
        "instances": [instance_shape(one) for one in containers],
        "not_asked": trouble,
        "proxy_trouble": context.running.proxy_trouble,
        "not_as_recorded": "" if trouble else standing.not_as_recorded(view, containers),
    }


@router.get(
    "/projects/{project}/environments/{environment}/services/{service}/output",
    response_class=StreamingResponse,
    responses=openapi.events("an event for each line", TypeAdapter(answers.Written).json_schema()),
)
async def output(
    context: Books,
    server: Parts,
    actor: Asking,
    project: str,
    environment: str,
    service: str,
    *,
    tenant: str = "",
    tail: Annotated[int, Query(ge=0, le=10_000)] = 200,
    follow: bool = False,
) -> StreamingResponse:
    """Server-sent events: what the instances of a service write that users are sent to, which between a switch and its
    commit point is another slot than the one that is recorded as live."""

    async def find() -> list[Container]:
        view = await context.database.run(lambda: overview.place(context, actor, project, environment, tenant=tenant))
        its = [one for one in await containers_of(server, view) if one.labels.get(LABEL_SERVICE) == service]
        there = await reached.reached(server.proxy, view.place, view.routes) if _is_under_way(view) else None
        found = _in_slots(its, there or ())
        return found or _in_slots(its, {view.cell.colour} if view.cell.colour else ())  # workers are swapped later

    found = await find()
    if not found:
        raise NotFound("service.unknown", f"no instance of {service[:80]} runs there", thing=service[:80])
    return stream(LiveOutput(server, find).lines(found, tail=tail, follow=follow))


def _in_slots(its: Sequence[Container], colours: Collection[Colour]) -> list[Container]:
    """Those in these slots; with any, what stands in none too."""
    wanted = {colour.value for colour in colours}
    return [one for one in its if one.labels.get(LABEL_COLOUR, "") in {"", *wanted}]


def _is_under_way(view: overview.PlaceView) -> bool:
    """Whether users may be elsewhere than where the books say: else the proxy need not be asked."""
    return view.cell.latest is not None and not view.cell.latest.has_ended


def cell_shape(cell: overview.Cell) -> answers.Cell:
    """A cell of the grid, with what tenants have beside it."""
    its = [{"tenant": one.tenant.name, **_own_shape(one.cell)} for one in cell.tenants]
    return {**_own_shape(cell), "tenants": its}  # type: ignore[typeddict-item]


def _own_shape(cell: overview.Cell) -> answers.OwnCell:
    latest, live = cell.latest, cell.live
    moving = latest is not None and not latest.has_ended and not cell.waits
    state = "live" if cell.is_live else "empty"
    if cell.down:
        state = "partly_running" if cell.down.short else "not_running"
    if latest is not None and latest.outcome is not DeploymentOutcome.LIVE:
        state = latest.state.value if moving else latest.outcome.value or latest.state.value
    return {
        "version": cell.live_version,
        "state": "waiting" if cell.waits else state,
        "at": live.committed_at.isoformat() if live else None,
        "deployment": live.id if live else None,
        "colour": cell.colour,
        "latest_version": cell.latest_version,
        "latest_deployment": latest.id if latest else None,
        "latest_outcome": latest.outcome.value if latest else "",
        "latest_reason": latest.reason if latest else "",
        "running_task": latest.task if moving and latest else None,
        "waiting_approval": cell.approval.id if cell.approval else None,
        "not_as_recorded": cell.not_as_recorded,
        "users_at": cell.users_at,
        "sent_elsewhere": cell.sent_elsewhere,
        "runs_in_part": cell.down is not None and bool(cell.down.short),
    }


def instance_shape(one: Container) -> answers.Instance:
    """A container as people see it."""
    return {
        "name": one.name,
        "service": one.labels.get(LABEL_SERVICE, ""),
        "colour": one.labels.get(LABEL_COLOUR, ""),
        "version": one.labels.get(LABEL_VERSION, ""),
        "state": one.state,
        "health": one.health,
        "restarts": one.restart_count,
        "started_at": one.started_at,
        "id": one.id[:12],
    }


async def found_of(server: Server, view: overview.PlaceView) -> tuple[list[Container], str]:
    """The containers, and why they could not be asked for: what the books say is told all the same."""
    try:
        return await containers_of(server, view), ""
    except FairleadError as error:
        log.warning("engine.not_asked", project=view.place.project, reason=str(error))
        return [], error.message


async def containers_of(server: Server, view: overview.PlaceView) -> list[Container]:
    """Every container of the place, by name."""
    labels = labels_of(view.place)
    try:
        async with asyncio.timeout(ENGINE_TIMEOUT_S):
            found = await server.container_engine.containers(labels)
    except TimeoutError as error:
        message = f"the container engine did not answer within {ENGINE_TIMEOUT_S:g} s"
        raise TimedOut("engine.unreachable", message) from error
    return sorted(found, key=lambda one: one.name)


def url_of(server: Server, route: Any) -> str:
    """The route as users write it."""
    settings = server.settings
    scheme, port, usual = (
        ("https", settings.proxy_https_port, 443) if route.tls else ("http", settings.proxy_http_port, 80)
    )
    return f"{scheme}://{route.host}{'' if port == usual else f':{port}'}{route.path}"
