"""Who may come in: people and service accounts, their roles, and whether they are let in."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from fairlead.domain.errors import FairleadError, NotAllowed
from fairlead.domain.permission import RoleName
from fairlead.server.routing import page_router
from fairlead.server.web.lists import Part, Searched
from fairlead.server.web.visit import Posted, Visiting, Visitor
from fairlead.usecases import access, users

router = page_router()


@dataclass(frozen=True, slots=True)
class Made:
    """A person who was just added; the password is told only now."""

    name: str
    password: str


@router.get("/users")
def show(visitor: Visiting, part: Searched) -> Response:
    """A part of them, by name."""
    return _page(visitor, part)


def _page(visitor: Visitor, part: Part, *, made: Made | None = None) -> Response:
    found = access.page(visitor.context, visitor.actor, search=part.search, after=part.after, limit=part.limit)
    values = {
        "section": "/setup",
        "users": found.items,
        "listed": part.shown(found.after),
        "roles": list(RoleName),
        "made": made,
    }
    return visitor.page("users.html", values)


@router.post("/users")
def add(form: Posted, part: Searched) -> Response:
    """A service account where the box is ticked, else a person, whose one-time password is on this page alone, and in
    no cookie."""
    visitor, name = form.visitor, form.text("name").strip()

    def work() -> str:
        users.add_service_account(visitor.context, visitor.actor, name, role=form.text("role"))
        return f"Service account {name} is added; fairlead service-accounts key {name} makes its keys."

    if form.is_ticked("is_service"):
        return form.act("/users", work)
    email, role = form.text("email").strip(), form.text("role")
    try:
        _, password = access.add_user(visitor.context, visitor.actor, name, email=email, role=role)
    except NotAllowed:
        raise
    except FairleadError as error:
        return form.refused("/users", error)
    return _page(visitor, part, made=Made(name, password))


@router.post("/users/{name}")
def change(form: Posted, name: str) -> Response:
    """Their address, the role that they hold everywhere, and whether they are let in."""
    visitor = form.visitor

    def work() -> str:
        users.change(
            visitor.context,
            visitor.actor,
            name,
            email=form.text("email").strip() if "email" in form.fields else None,
            role=form.text("role"),
            is_enabled=form.is_ticked("is_enabled"),
            revision=form.number("revision"),
        )
        return f"{name} is changed."

    return form.act("/users", work)
