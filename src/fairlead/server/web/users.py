"""Who may come in: people and service accounts, their roles, and whether they are let in."""

from __future__ import annotations

from starlette.responses import Response

from fairlead.domain.permission import RoleName
from fairlead.server.routing import page_router
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Posted, Visiting
from fairlead.usecases import access, users

router = page_router()


@router.get("/users")
def show(visitor: Visiting, part: Searched) -> Response:
    """A part of them, by name."""
    found = access.page(visitor.context, visitor.actor, search=part.search, after=part.after, limit=part.limit)
    values = {
        "section": "/users",
        "users": found.items,
        "listed": part.shown(found.after),
        "roles": list(RoleName),
    }
    return visitor.page("users.html", values)


@router.post("/users")
def add(form: Posted) -> Response:
    """A person, or a service account where the box is ticked."""
    visitor, name = form.visitor, form.text("name").strip()

    def work() -> str:
        if form.is_ticked("is_service"):
            users.add_service_account(visitor.context, visitor.actor, name, role=form.text("role"))
            return f"Service account {name} is added; fairlead service-accounts key {name} makes its keys."
        _, password = access.add_user(
            visitor.context, visitor.actor, name, email=form.text("email").strip(), role=form.text("role")
        )
        return f"{name} is added, with the one-time password {password} (shown only now)."

    return form.act("/users", work)


@router.post("/users/{name}")
def change(form: Posted, name: str) -> Response:
    """The role that they hold everywhere, and whether they are let in."""
    visitor = form.visitor

    def work() -> str:
        users.change(
            visitor.context,
            visitor.actor,
            name,
            role=form.text("role"),
            is_enabled=form.is_ticked("is_enabled"),
            revision=form.number("revision"),
        )
        return f"{name} is changed."

    return form.act("/users", work)
