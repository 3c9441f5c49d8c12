"""Variables of a project: the list, the forms that set and remove them, and what they come to at a place."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Query
from starlette.responses import Response

from fairlead.domain.errors import FairleadError, NotAllowed
from fairlead.server.routing import page_router
from fairlead.server.web.lists import Searched
from fairlead.server.web.variable_forms import edit_page, given, rows_of, scope_given
from fairlead.server.web.visit import Posted, Visiting, in_one_transaction
from fairlead.usecases import environments, library_sets, projects, variable_preview, variables
from fairlead.usecases.values import Where

router = page_router()

SHOWN = 100
Text = Annotated[str, Query(max_length=200)]
After = Annotated[str | None, Query(max_length=250)]


@router.get("/projects/{project}/variables")
@in_one_transaction
def show(visitor: Visiting, project: str, part: Searched) -> Response:
    """The project's own, in the order of making, and the library sets that it includes."""
    found = projects.get(visitor.context, visitor.actor, project)
    own = variables.page(
        visitor.context, visitor.actor, found.id, search=part.search, after=part.after, limit=part.limit
    )
    included = library_sets.of_project(visitor.context, visitor.actor, found.id)
    others = library_sets.page(visitor.context, visitor.actor, limit=500).items
    values = {
        "project": found,
        **rows_of(visitor, found.name, own.items),
        "listed": part.shown(own.after),
        "included": included,
        "others": [one.library_set for one in others if one.library_set not in included],
    }
    return visitor.page("variables.html", values)


@router.get("/projects/{project}/variables/{name:path}")
def edit(visitor: Visiting, project: str, name: str, id: Text = "") -> Response:
    """The form with the variable in it: that of the id, or else the first of the name."""
    found = projects.get(visitor.context, visitor.actor, project)
    return edit_page(visitor, found.name, name, id, {"title": found.title or found.name})


@router.post("/projects/{project}/variables")
def put(form: Posted, project: str) -> Response:
    """Set the value of the variable with this name and scope."""
    visitor = form.visitor

    def work() -> str:
        made = variables.put(visitor.context, visitor.actor, project, **given(form))
        return f"{made.name} is set. Releases keep the values that they froze; new ones take this."

    return form.act(f"/projects/{quote(project)}", work)


@router.post("/projects/{project}/variables/remove")
def remove(form: Posted, project: str) -> Response:
    """The variable of exactly this name and scope is gone."""
    visitor = form.visitor
    name = form.text("name")

    def work() -> str:
        variables.remove(visitor.context, visitor.actor, project, name, **scope_given(form))
        return f"{name} is removed. Releases keep the values that they froze."

    return form.act(f"/projects/{quote(project)}", work)


@router.post("/projects/{project}/library-sets")
def include(form: Posted, project: str) -> Response:
    """Its next releases take the set's variables too, or do without them."""
    visitor, name = form.visitor, form.text("name")

    def work() -> str:
        if form.is_ticked("included"):
            library_sets.include(visitor.context, visitor.actor, project, name)
            return f"{project} includes {name} from its next release on."
        library_sets.exclude(visitor.context, visitor.actor, project, name)
        return f"{project} does without {name} from its next release on."

    return form.act(f"/projects/{quote(project)}/variables", work)


@router.get("/projects/{project}/variable-preview")
def preview(
    visitor: Visiting,
    project: str,
    environment: Text = "",
    channel: Text = "",
    tenant: Text = "",
    target: Text = "",
    target_tag: Text = "",
    step: Text = "",
    version: Text = "",
    search: Text = "",
    after: After = None,
) -> Response:
    """Which value holds for each name at a place, what it comes to, and why each other lost."""
    context, actor = visitor.context, visitor.actor
    found = projects.get(context, actor, project)
    known = environments.all_of(context, actor)
    place = environment or (known[-1].name if known else "")
    where = Where(place, channel, tenant, target, (target_tag,) if target_tag else (), step)
    asked = {"environment": place, "channel": channel, "tenant": tenant, "target": target, "target_tag": target_tag}
    asked |= {"step": step, "version": version, "search": search}
    values: dict[str, Any] = {"project": found, "asked": asked, "choices": {}, "items": ()}
    values |= {"trouble": "", "older": "", "warnings": ()}
    try:
        offered = variable_preview.choices(context, actor, found.name)
        values["choices"] = {"environment": offered["environment"], **offered}
        seen = variable_preview.preview(
            context, actor, found.name, where, version=version, search=search, after=after, limit=SHOWN
        )
        kept = {name: value for name, value in asked.items() if value}
        here = f"/projects/{quote(found.name)}/variable-preview"
        older = f"{here}?{urlencode({**kept, 'after': seen.page.after})}" if seen.page.after else ""
        values |= {"items": seen.page.items, "warnings": seen.warnings, "older": older}
    except NotAllowed:
        raise
    except FairleadError as error:
        values["trouble"] = str(error)
    return visitor.page("variable_preview.html", values)
