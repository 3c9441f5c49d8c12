"""Lifecycles: their phases a line each, with the forms that add, change and remove one."""

from __future__ import annotations

from starlette.responses import Response

from fairlead.formats import phase_lines
from fairlead.server.routing import page_router
from fairlead.server.web import setup
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Form, Posted, Visiting
from fairlead.usecases import environments, lifecycles

router = page_router()
PAGE = "/lifecycles"


@router.get("/lifecycles")
def show(visitor: Visiting, part: Searched) -> Response:
    """A part of them, by name, with what follows them."""
    found = lifecycles.page(visitor.context, visitor.actor, search=part.search, after=part.after, limit=part.limit)
    values = {
        "section": setup.SECTION,
        "lifecycles": found.items,
        "listed": part.shown(found.after),
        "environments": environments.all_of(visitor.context, visitor.actor),
        "written": phase_lines.written,
        "words": phase_lines.WORDS,
    }
    return visitor.page("lifecycles.html", values)


@router.post("/lifecycles")
def add(form: Posted) -> Response:
    """A new one."""
    visitor = form.visitor

    def work() -> str:
        made = lifecycles.add(visitor.context, visitor.actor, _draft(form))
        return f"Lifecycle {made.lifecycle.name} is added."

    return form.act(PAGE, work)


@router.post("/lifecycles/{name}")
def change(form: Posted, name: str) -> Response:
    """Its phases are those of the form."""
    visitor = form.visitor

    def work() -> str:
        revision = form.number("revision")
        made = lifecycles.change(visitor.context, visitor.actor, name, _draft(form), revision=revision)
        return f"Lifecycle {made.lifecycle.name} is changed."

    return form.act(PAGE, work)


@router.post("/lifecycles/{name}/remove")
def remove(form: Posted, name: str) -> Response:
    """One that nobody follows."""
    visitor = form.visitor

    def work() -> str:
        lifecycles.remove(visitor.context, visitor.actor, name)
        return "The lifecycle is removed."

    return form.act(PAGE, work)


@router.post("/projects/{project}/lifecycle")
def use(form: Posted, project: str) -> Response:
    """The project follows another."""
    visitor = form.visitor

    def work() -> str:
        made = lifecycles.use(visitor.context, visitor.actor, project, form.text("lifecycle"))
        return f"{project} follows {made.lifecycle.name}."

    return form.act(PAGE, work)


def _draft(form: Form) -> lifecycles.Draft:
    return lifecycles.Draft(form.text("name"), phase_lines.read_all(form.text("phases")), form.text("description"))
