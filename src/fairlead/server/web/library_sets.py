"""Library variable sets: the list, one with its variables, and the forms that change them."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import Query
from starlette.responses import Response

from fairlead.server.routing import page_router
from fairlead.server.web.lists import Searched
from fairlead.server.web.variable_forms import edit_page, given, rows_of, scope_given
from fairlead.server.web.visit import Posted, Visiting
from fairlead.usecases import library_sets, variables
from fairlead.usecases.variables import InLibrary

router = page_router()
PAGE = "/library-sets"

Text = Annotated[str, Query(max_length=200)]


@router.get("/library-sets")
def show_all(visitor: Visiting, part: Searched) -> Response:
    """By name."""
    found = library_sets.page(visitor.context, visitor.actor, search=part.search, after=part.after, limit=part.limit)
    values = {
        "section": PAGE,
        "sets": found.items,
        "listed": part.shown(found.after),
    }
    return visitor.page("library_sets.html", values)


@router.post("/library-sets")
def add(form: Posted) -> Response:
    """A new one."""
    visitor = form.visitor

    def work() -> tuple[str, str]:
        name, words = form.text("name").strip(), form.text("description").strip()
        made = library_sets.add(visitor.context, visitor.actor, name, description=words)
        return f"{made.name} is added.", f"{PAGE}/{quote(made.name)}"

    return form.act(PAGE, work)


@router.get("/library-sets/{library_set}")
def show(visitor: Visiting, library_set: str, part: Searched) -> Response:
    """One, with its variables in the order of making."""
    view = library_sets.get(visitor.context, visitor.actor, library_set)
    owner = InLibrary(view.library_set.name)
    found = variables.page(
        visitor.context, visitor.actor, owner, search=part.search, after=part.after, limit=part.limit
    )
    values = {
        "section": PAGE,
        "view": view,
        **rows_of(visitor, owner, found.items),
        "listed": part.shown(found.after),
    }
    return visitor.page("library_set.html", values)


@router.post("/library-sets/{library_set}")
def change(form: Posted, library_set: str) -> Response:
    """Another name or description."""
    visitor = form.visitor

    def work() -> tuple[str, str]:
        made = library_sets.change(
            visitor.context,
            visitor.actor,
            library_set,
            new_name=form.text("name").strip(),
            description=form.text("description").strip(),
            revision=form.number("revision"),
        )
        return f"{made.name} is changed.", f"{PAGE}/{quote(made.name)}"

    return form.act(f"{PAGE}/{quote(library_set)}", work)


@router.post("/library-sets/{library_set}/remove")
def remove(form: Posted, library_set: str) -> Response:
    """One that no project includes, with its variables."""
    visitor = form.visitor

    def work() -> tuple[str, str]:
        library_sets.remove(visitor.context, visitor.actor, library_set)
        return f"{library_set} is removed.", PAGE

    return form.act(f"{PAGE}/{quote(library_set)}", work)


@router.get("/library-sets/{library_set}/variables/{name:path}")
def edit(visitor: Visiting, library_set: str, name: str, id: Text = "") -> Response:
    """The form with the variable in it: that of the id, or else the first of the name."""
    found = library_sets.get(visitor.context, visitor.actor, library_set).library_set
    return edit_page(visitor, InLibrary(found.name), name, id, {"section": PAGE, "title": found.name})


@router.post("/library-sets/{library_set}/variables")
def put(form: Posted, library_set: str) -> Response:
    """Set the value of the variable with this name and scope."""
    visitor = form.visitor

    def work() -> str:
        made = variables.put(visitor.context, visitor.actor, InLibrary(library_set), **given(form))
        return f"{made.name} is set. Releases keep the values that they froze; new ones take this."

    return form.act(f"{PAGE}/{quote(library_set)}", work)


@router.post("/library-sets/{library_set}/variables/remove")
def remove_variable(form: Posted, library_set: str) -> Response:
    """The variable of exactly this name and scope is gone."""
    visitor, name = form.visitor, form.text("name")

    def work() -> str:
        variables.remove(visitor.context, visitor.actor, InLibrary(library_set), name, **scope_given(form))
        return f"{name} is removed. Releases keep the values that they froze."

    return form.act(f"{PAGE}/{quote(library_set)}", work)
