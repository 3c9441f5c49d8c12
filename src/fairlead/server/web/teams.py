"""Teams: who is in them, and what they hold where."""

from __future__ import annotations

from starlette.responses import Response

from fairlead.server.routing import page_router
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Posted, Visiting
from fairlead.usecases import roles, teams
from fairlead.usecases.teams import HeldRole

router = page_router()


@router.get("/teams")
def show(visitor: Visiting, part: Searched) -> Response:
    """A part of them, by name, with the roles that can be given."""
    found = teams.page(visitor.context, visitor.actor, search=part.search, after=part.after, limit=part.limit)
    values = {
        "section": "/setup",
        "teams": found.items,
        "listed": part.shown(found.after),
        "roles": roles.all_of(visitor.context, visitor.actor),
    }
    return visitor.page("teams.html", values)


@router.post("/teams")
def add(form: Posted) -> Response:
    """A new one, without roles."""
    visitor, name = form.visitor, form.text("name").strip()

    def work() -> str:
        made = teams.add(visitor.context, visitor.actor, name, members=form.listed("members"))
        return f"The team {made.team.name} is added; give it roles."

    return form.act("/teams", work)


@router.post("/teams/{id}/members")
def set_members(form: Posted, id: str) -> Response:
    """These, and no others."""
    visitor = form.visitor

    def work() -> str:
        saved = teams.change(
            visitor.context,
            visitor.actor,
            id,
            members=form.listed("members"),
            revision=form.number("revision"),
        )
        return f"{saved.team.name} has {len(saved.members)} members."

    return form.act("/teams", work)


@router.post("/teams/{id}/give")
def give(form: Posted, id: str) -> Response:
    """One more role, in the scope that the form names."""
    visitor = form.visitor

    def work() -> str:
        before = teams.get(visitor.context, visitor.actor, id)
        added = HeldRole(
            form.text("role"),
            form.listed("projects"),
            form.listed("groups"),
            form.listed("environments"),
            form.listed("tenants"),
        )
        held = (*before.roles, added)
        saved = teams.change(visitor.context, visitor.actor, id, held=held, revision=form.number("revision"))
        if saved.team.revision == before.team.revision:
            return f"{saved.team.name} holds {added.role} there already."
        return f"{saved.team.name} holds {saved.roles[-1].role}."

    return form.act("/teams", work)


@router.post("/teams/{id}/take")
def take(form: Posted, id: str) -> Response:
    """One role less, by its place in the list."""
    visitor, place = form.visitor, form.number("place")

    def work() -> str:
        held = teams.get(visitor.context, visitor.actor, id).roles
        left = [one for number, one in enumerate(held) if number != place]
        saved = teams.change(visitor.context, visitor.actor, id, held=left, revision=form.number("revision"))
        return f"{saved.team.name} holds {len(saved.roles)} roles."

    return form.act("/teams", work)


@router.post("/teams/{id}/remove")
def remove(form: Posted, id: str) -> Response:
    """Its members lose what it gave."""
    visitor = form.visitor

    def work() -> str:
        teams.remove(visitor.context, visitor.actor, id)
        return "The team is removed."

    return form.act("/teams", work)
