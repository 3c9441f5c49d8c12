"""The project page: what is live where, releases, runs, deployments, the repository, variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Query
from starlette.responses import RedirectResponse, Response

from fairlead.domain.errors import FairleadError
from fairlead.domain.project import Project
from fairlead.server.api.declaring import key_maker
from fairlead.server.api.doors import life_of
from fairlead.server.api.status import url_of
from fairlead.server.routing import page_router
from fairlead.server.web import dashboard
from fairlead.server.web.dashboard import unless_seen
from fairlead.server.web.lists import Paged, Searched, Shown, Text
from fairlead.server.web.variable_forms import rows_of
from fairlead.server.web.visit import Posted, Visiting, Visitor, in_one_transaction
from fairlead.store import routes
from fairlead.usecases import cloning, deployments, looking, overview, projects, releases, runs, variables
from fairlead.usecases.going import place_of

router = page_router()

LISTED = 8
SHOWN = 30


@router.get("/projects")
def show_all() -> Response:
    """The dashboard is the list of projects."""
    return RedirectResponse("/", status_code=303)


@router.get("/projects/{name}")
@in_one_transaction
def show(visitor: Visiting, name: str) -> Response:
    """The page."""
    context, actor = visitor.context, visitor.actor
    found = projects.get(context, actor, name)
    values = {
        "project": found,
        **_places(visitor, found),
        "contact": runs.contact_of(context, actor, found),
        "webhook": projects.webhook_url(context, found),
        **_lists(visitor, found),
        **rows_of(visitor, found.name, variables.page(context, actor, found.id, limit=SHOWN).items),
    }
    return visitor.page("project.html", values)


@router.get("/projects/{name}/places")
@in_one_transaction
def show_places(visitor: Visiting, name: str, seen: Annotated[str, Query(max_length=64)] = "") -> Response:
    """The environments' cells alone, as htmx asks for them again and again."""
    found = projects.get(visitor.context, visitor.actor, name)
    return unless_seen(visitor.part("project_places.html", {"project": found, **_places(visitor, found)}), seen)


@router.get("/projects/{name}/lists")
@in_one_transaction
def show_lists(visitor: Visiting, name: str, seen: Annotated[str, Query(max_length=64)] = "") -> Response:
    """The newest releases, deployments and runs alone, as htmx asks for them again and again."""
    found = projects.get(visitor.context, visitor.actor, name)
    return unless_seen(visitor.part("project_lists.html", {"project": found, **_lists(visitor, found)}), seen)


@router.get("/projects/{name}/releases")
@in_one_transaction
def show_releases(visitor: Visiting, name: str, part: Searched) -> Response:
    """A part of the releases, the newest first."""
    found = releases.page(visitor.context, visitor.actor, name, search=part.search, after=part.after, limit=part.limit)
    return _listed(visitor, name, "releases", found.items, part.shown(found.after))


@router.get("/projects/{name}/runs")
@in_one_transaction
def show_runs(visitor: Visiting, name: str, part: Paged) -> Response:
    """A part of the runs, the newest first."""
    found = runs.page(visitor.context, visitor.actor, name, after=part.after, limit=part.limit)
    return _listed(visitor, name, "runs", found.items, part.shown(found.after))


@router.get("/projects/{name}/deployments")
@in_one_transaction
def show_deployments(
    visitor: Visiting,
    name: str,
    part: Paged,
    version: Text = "",
    environment: Text = "",
    seen: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """A part of the deployments (of a release, to an environment), the newest first; with `seen` their list alone, as
    htmx asks for it again and again."""
    found = deployments.page(
        visitor.context,
        visitor.actor,
        project=name,
        environment=environment,
        version=version,
        after=part.after,
        limit=part.limit,
    )
    listed = part.shown(found.after)
    again = part.kept | ({"after": part.after} if part.after else {})
    values = {"items": found.items, "listed": listed, "query": urlencode(again)}
    if seen is not None:
        return unless_seen(visitor.part("deployment_list.html", values), seen)
    narrowed = " to ".join(filter(None, (version, environment)))
    return _listed(visitor, name, "deployments", found.items, listed, narrowed=narrowed, query=urlencode(again))


@router.post("/projects/{name}/look")
async def look(form: Posted, name: str) -> Response:
    """Ask the repository for its head now."""
    visitor = form.visitor
    back = f"/projects/{quote(name)}"
    try:
        seen = await looking.look_by_name(visitor.context, visitor.actor, visitor.server.source, name)
    except FairleadError as error:
        if error.http_status == 403:
            raise
        return form.refused(back, error)
    if seen.run is not None:
        return form.done(f"/runs/{seen.run.id}", f"Run {seen.run.number} of {seen.head[:12]} begins.")
    return form.done(back, f"The head is {seen.head[:12]}: {seen.reason}.")


@router.post("/projects/{name}/clone")
def clone(form: Posted, name: str) -> Response:
    """Another with all that was set for it; nothing of that begins by itself."""
    visitor = form.visitor

    def work() -> tuple[str, str]:
        maker = key_maker(life_of(visitor.request))
        made = cloning.clone(visitor.context, visitor.actor, name, form.text("new").strip(), make_key=maker)
        said = f"{made.project.name} is a clone of {name}: triggers are disabled, runbooks not published."
        if not made.project.is_enabled:
            said += f" It is disabled: look it over, then fairlead projects set {made.project.name} --enable."
        if made.webhook_secret:
            said += f" Its webhook's secret, shown only now: {made.webhook_secret}"
        return said, f"/projects/{quote(made.project.name)}"

    return form.act(f"/projects/{quote(name)}", work)


def _places(visitor: Visitor, found: Project) -> dict[str, Any]:
    """What is where, and the addresses that lead there."""
    row = overview.row(visitor.context, visitor.actor, found)
    [(_, cells)] = dashboard.rows_of(visitor, row)
    places = {one.name: place_of(found, one) for one in row.environments}
    with visitor.context.database.reading() as connection:
        held = routes.of_many(connection, places.values())
    urls = {
        name: [url_of(visitor.server, route) for its in held[place].values() for route in its]
        for name, place in places.items()
    }
    return {"cells": cells, "routes": urls}


def _lists(visitor: Visitor, found: Project) -> dict[str, Any]:
    context, actor = visitor.context, visitor.actor
    return {
        "releases": releases.page(context, actor, found, limit=LISTED),
        "runs": runs.page(context, actor, found, limit=LISTED),
        "deployments": deployments.page(context, actor, project=found, limit=LISTED),
    }


def _listed(
    visitor: Visitor,
    name: str,
    what: str,
    items: Sequence[Any],
    listed: Shown,
    *,
    narrowed: str = "",
    query: str = "",
) -> Response:
    found = projects.get(visitor.context, visitor.actor, name)
    values = {"project": found, "what": what, "items": items, "listed": listed}
    return visitor.page("project_list.html", {**values, "narrowed": narrowed, "query": query})
