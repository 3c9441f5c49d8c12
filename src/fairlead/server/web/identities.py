"""As whom identity providers know a user, on a page of their own."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from fairlead.server.routing import page_router
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Posted, Visiting
from fairlead.store.shelf import part_of
from fairlead.usecases import identities

router = page_router()


@router.get("/users/{name}/identities")
def show(visitor: Visiting, name: str, part: Searched) -> Response:
    """A part of them, with the form for another."""
    found = part_of(
        identities.of_user(visitor.context, visitor.actor, name),
        name=lambda one: one.subject,
        order=lambda one: one.id,
        search=part.search,
        after=part.after,
        limit=part.limit,
    )
    values = {"section": "/users", "name": name, "identities": found.items, "listed": part.shown(found.after)}
    return visitor.page("identities.html", values)


@router.post("/users/{name}/identities")
def link(form: Posted, name: str) -> Response:
    """Whom the issuer knows by that subject is this user from now on."""
    visitor = form.visitor

    def work() -> str:
        identities.link(visitor.context, visitor.actor, name, form.text("issuer").strip(), form.text("subject").strip())
        return f"{name} may sign in as that subject."

    return form.act(f"/users/{quote(name, safe='')}/identities", work)


@router.post("/users/{name}/identities/{id}/remove")
def unlink(form: Posted, name: str, id: str) -> Response:
    """That subject is this user no more."""
    visitor = form.visitor

    def work() -> str:
        identities.unlink(visitor.context, visitor.actor, name, id)
        return f"That subject is {name} no more; the sessions of {name} have ended."

    return form.act(f"/users/{quote(name, safe='')}/identities", work)
