"""A project in an environment: where the traffic goes, what stands in each slot, and what it writes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Query
from starlette.responses import Response

from fairlead.domain.colour import Colour
from fairlead.domain.deployment import DeploymentState
from fairlead.domain.errors import FairleadError
from fairlead.domain.slot import SlotState
from fairlead.ports.container_engine import LABEL_COLOUR, LABEL_SERVICE, LABEL_VERSION, Container
from fairlead.ports.proxy import Counters
from fairlead.server.api.status import found_of, url_of
from fairlead.server.bootstrap import Server
from fairlead.server.routing import page_router
from fairlead.server.web import words
from fairlead.server.web.dashboard import unless_seen
from fairlead.server.web.visit import Posted, Visiting, Visitor, in_one_transaction
from fairlead.server.web.words import Look
from fairlead.store.shelf import Page
from fairlead.usecases import deployments, overview, reached, standing
from fairlead.usecases import places as using

router = page_router()

NOT_COUNTED = "The proxy does not answer, so requests are not counted."
LISTED = 8

Tenant = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True, slots=True)
class InstanceView:
    """One container, as its pill shows it."""

    service: str
    name: str
    version: str
    look: Look
    restarts: int


@dataclass(frozen=True, slots=True)
class SlotView:
    """One slot of the picture. `requests`, `sessions` and whether it `is_reached` are the proxy's own word; None where
    it was not asked."""

    colour: str
    state: str
    word: str
    version: str
    until: datetime | None
    instances: tuple[InstanceView, ...]
    requests: int | None = None
    sessions: int | None = None
    is_reached: bool | None = None

    @property
    def is_live(self) -> bool:
        """Whether users reach it: as the proxy says, for a deployment that is under way may have switched already."""
        return self.state == "live" if self.is_reached is None else self.is_reached

    @property
    def drawn(self) -> str:
        """The state that it is drawn in."""
        return "live" if self.is_live else "idle" if self.state == "live" else self.state


_WORDS = {
    SlotState.EMPTY: "empty",
    SlotState.IDLE: "being filled, users do not reach it",
    SlotState.LIVE: "live, users reach it",
    SlotState.STANDBY: "stands by, kept warm",
}


def word_of(state: SlotState, is_reached: bool | None) -> str:
    """What our books call it, and where that is not so (just now), what the proxy does."""
    if is_reached is None or is_reached == (state is SlotState.LIVE):
        return _WORDS[state]
    if state is SlotState.LIVE:
        return "live in the books, users are sent elsewhere"
    if state is SlotState.IDLE:
        return "users reach it already, live once all has gone well"
    return f"{_WORDS[state]}, and users reach it"


@router.get("/projects/{project}/environments/{environment}")
async def show(visitor: Visiting, project: str, environment: str, tenant: Tenant = "") -> Response:
    """The page."""
    context = visitor.context
    values = await picture_of(visitor, project, environment, tenant)

    def page() -> Response:
        view: overview.PlaceView = values["view"]
        with visitor.reading() as reader:
            part = _recent(reader, view)
            history = [one for one in part.items if one.deployment.committed_at is not None]
            versions = list(dict.fromkeys(one.version for one in history if one.version != view.cell.live_version))
            return reader.page("place.html", {**values, "deployments": part.items, "earlier": versions})

    return await context.database.run(page)


@router.get("/projects/{project}/environments/{environment}/history")
@in_one_transaction
def show_history(
    visitor: Visiting,
    project: str,
    environment: str,
    tenant: Tenant = "",
    seen: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """The newest deployments there, as htmx asks for them again and again; 204 where nothing changed."""
    view = overview.place(visitor.context, visitor.actor, project, environment, tenant=tenant)
    part = _recent(visitor, view)
    return unless_seen(visitor.part("place_history.html", {"view": view, "deployments": part.items}), seen)


@router.get("/projects/{project}/environments/{environment}/picture")
async def show_picture(
    visitor: Visiting,
    project: str,
    environment: str,
    tenant: Tenant = "",
    seen: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """The picture alone, as htmx asks for it again and again; 204 where nothing in it changed."""
    values = await picture_of(visitor, project, environment, tenant)
    return unless_seen(visitor.part("picture.html", values), seen)


@router.post("/projects/{project}/environments/{environment}/retire")
def retire(form: Posted, project: str, environment: str) -> Response:
    """End what is live and what stands by there."""
    visitor = form.visitor

    def work() -> tuple[str, str]:
        whole = form.is_ticked("accessories")
        tenant = form.text("tenant")
        task = using.retire(visitor.context, visitor.actor, project, environment, accessories=whole, tenant=tenant)
        return f"It is asked for: {task.title}.", f"/tasks/{task.id}"

    return form.act(f"/projects/{quote(project)}/environments/{quote(environment)}", work)


def _recent(visitor: Visitor, view: overview.PlaceView) -> Page[deployments.DeploymentView]:
    return deployments.page(
        visitor.context,
        visitor.actor,
        project=view.project.id,
        environment=view.environment.id,
        tenant=view.tenant.id if view.tenant else "",
        limit=LISTED,
    )


async def picture_of(visitor: Visitor, project: str, environment: str, tenant: str = "") -> dict[str, Any]:
    """What our own books, the engine and the proxy say; who of the last two does not answer is named."""
    context = visitor.context
    view = await context.database.run(
        lambda: overview.place(context, visitor.actor, project, environment, tenant=tenant)
    )
    containers, engine_trouble = await _containers(visitor.server, view)
    counted, there, proxy_trouble = await _counted(visitor.server, view)
    view = overview.as_reached(view, there)
    slots = tuple(_slot(view, colour, containers, counted.get(colour), there) for colour in Colour)
    latest = view.cell.latest
    is_moving = latest is not None and latest.state in (
        DeploymentState.QUEUED,
        DeploymentState.RUNNING,
        DeploymentState.PAUSED,
        DeploymentState.UNSETTLED,
    )
    otherwise = "" if engine_trouble else standing.not_as_recorded(view, containers)
    named = {one.labels.get(LABEL_SERVICE, "") for one in containers} - {""}
    accessories = [_instance(one) for one in containers if not one.labels.get(LABEL_COLOUR)]
    return {
        "view": view,
        "slots": slots,
        "routes": [(service, url_of(visitor.server, route)) for service, its in view.routes.items() for route in its],
        "accessories": accessories,
        "services": sorted(named, key=lambda service: (service not in view.routes, service)),
        "troubles": [one for one in (context.running.proxy_trouble, engine_trouble, proxy_trouble, otherwise) if one],
        "moving": latest if is_moving else None,
        "told": _told(view, slots),
    }


async def _containers(server: Server, view: overview.PlaceView) -> tuple[Sequence[Container], str]:
    found, trouble = await found_of(server, view)
    return found, trouble and "The container engine does not answer, so instances are not shown."


async def _counted(
    server: Server, view: overview.PlaceView
) -> tuple[Mapping[Colour, Counters], frozenset[Colour] | None, str]:
    """The sum over the place's routes, by colour, and to which slots they lead; None where that is not known."""
    names = reached.names_of(view.place, view.routes)
    if not names:
        return {}, None, ""
    there = await reached.reached(server.proxy, view.place, view.routes)
    if there is None:
        return {}, None, NOT_COUNTED
    try:
        async with asyncio.timeout(reached.PROXY_TIMEOUT_S):
            return {colour: await _sum(server, names, colour) for colour in Colour}, there, ""
    except (FairleadError, TimeoutError):
        return {}, there, NOT_COUNTED


async def _sum(server: Server, names: Sequence[str], colour: Colour) -> Counters:
    each = [await server.proxy.counters(name, colour) for name in names]
    return Counters(
        sum(one.requests for one in each),
        sum(one.proxy_errors for one in each),
        sum(one.server_errors for one in each),
        sum(one.sessions_now for one in each),
    )


def _slot(
    view: overview.PlaceView,
    colour: Colour,
    containers: Sequence[Container],
    counted: Counters | None,
    there: frozenset[Colour] | None,
) -> SlotView:
    slot = view.slots[colour]
    is_reached = None if there is None else colour in there
    return SlotView(
        colour.value,
        slot.state.value,
        word_of(slot.state, is_reached),
        slot.version,
        slot.standby_until if slot.state is SlotState.STANDBY else None,
        tuple(_instance(one) for one in containers if one.labels.get(LABEL_COLOUR) == colour.value),
        counted.requests if counted else None,
        counted.sessions_now if counted else None,
        is_reached,
    )


def _instance(one: Container) -> InstanceView:
    return InstanceView(
        one.labels.get(LABEL_SERVICE, ""),
        one.name,
        one.labels.get(LABEL_VERSION, ""),
        words.of_instance(one.state, one.health),
        one.restart_count,
    )


def _told(view: overview.PlaceView, slots: Sequence[SlotView]) -> str:
    """The picture in a sentence, for who does not see it."""
    parts = [
        f"{slot.colour}: {slot.version or 'nothing'}, {slot.word}"
        + (f", {len(slot.instances)} instances" if slot.instances else "")
        for slot in slots
    ]
    live = next((slot for slot in slots if slot.is_live), None)
    goes = f"Traffic goes to {live.colour}, release {live.version}." if live else "No slot is live."
    return f"{goes} {'; '.join(parts)}."
