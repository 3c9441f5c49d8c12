"""Project groups: adding, renaming, removing."""

from __future__ import annotations

from starlette.responses import Response

from fairlead.server.routing import page_router
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Posted, Visiting
from fairlead.usecases import groups

router = page_router()


@router.get("/groups")
def show(visitor: Visiting, part: Searched) -> Response:
    """A part of them, by name."""
    found = groups.page(visitor.context, visitor.actor, search=part.search, after=part.after, limit=part.limit)
    values = {
        "section": "/setup",
        "groups": found.items,
        "listed": part.shown(found.after),
    }
    return visitor.page("groups.html", values)


@router.post("/groups")
def add(form: Posted) -> Response:
    """A new one."""
    visitor, name = form.visitor, form.text("name").strip()

    def work() -> str:
        groups.add(visitor.context, visitor.actor, name, description=form.text("description"))
        return f"The project group {name} is added."

    return form.act("/groups", work)


@router.post("/groups/{id}")
def change(form: Posted, id: str) -> Response:
    """Another name or description."""
    visitor = form.visitor

    def work() -> str:
        saved = groups.change(
            visitor.context,
            visitor.actor,
            id,
            name=form.text("name").strip(),
            description=form.text("description"),
            revision=form.number("revision"),
        )
        return f"The project group {saved.name} is changed."

    return form.act("/groups", work)


@router.post("/groups/{id}/remove")
def remove(form: Posted, id: str) -> Response:
    """One without projects."""
    visitor = form.visitor

    def work() -> str:
        groups.remove(visitor.context, visitor.actor, id)
        return "The project group is removed."

    return form.act("/groups", work)
