"""Variables of a project: the forms that set and remove them."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from fairlead.server.web.projects import scope_of
from fairlead.server.web.visit import Posted, Visiting
from fairlead.store import environments
from fairlead.usecases import projects, variables

router = APIRouter()


@router.get("/projects/{project}/variables/{name}")
def edit(visitor: Visiting, project: str, name: str, environments_wanted: str = "") -> Response:
    """The form with the variable of this name and scope in it."""
    context = visitor.context
    found = projects.get(context, visitor.actor, project)
    with context.database.reading() as connection:
        known = environments.all_of(connection)
    names = {str(one.id): one.name for one in known}
    scope = sorted(part for part in environments_wanted.split(",") if part)
    held = next(
        (
            one
            for one in variables.page(context, visitor.actor, found.id, limit=500).items
            if one.name == name and scope_of(one, names) == scope
        ),
        None,
    )
    values = {"project": found, "name": name, "held": held, "scope": scope, "environments": known}
    return visitor.page("variable.html", values)


@router.post("/projects/{project}/variables")
def put(form: Posted, project: str) -> Response:
    """The variable of this name and scope has this value from now on."""
    visitor = form.visitor

    def work() -> str:
        made = variables.put(
            visitor.context,
            visitor.actor,
            project,
            form.text("name").strip(),
            form.text("value").replace("\r\n", "\n"),
            is_secret=form.is_ticked("secret"),
            only_in=form.lists.get("environments", ()),
        )
        return f"{made.name} is set. Releases keep the values that they froze; new ones take this."

    return form.act(f"/projects/{quote(project)}", work)


@router.post("/projects/{project}/variables/remove")
def remove(form: Posted, project: str) -> Response:
    """The variable of exactly this name and scope is gone."""
    visitor = form.visitor
    name = form.text("name")

    def work() -> str:
        only_in = form.lists.get("environments", ())
        variables.remove(visitor.context, visitor.actor, project, name, only_in=only_in)
        return f"{name} is removed. Releases keep the values that they froze."

    return form.act(f"/projects/{quote(project)}", work)
