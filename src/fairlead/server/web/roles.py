"""Roles: what each allows, the built-in ones first."""

from __future__ import annotations

from starlette.responses import Response

from fairlead.domain.role import is_built_in
from fairlead.server.routing import page_router
from fairlead.server.web import setup
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Visiting
from fairlead.usecases import roles

router = page_router()


@router.get("/roles")
def show(visitor: Visiting, part: Searched) -> Response:
    """A part of them, each with its permissions."""
    found = roles.page(visitor.context, visitor.actor, search=part.search, after=part.after, limit=part.limit)
    values = {
        "section": setup.SECTION,
        "roles": found.items,
        "listed": part.shown(found.after),
        "is_built_in": is_built_in,
    }
    return visitor.page("roles.html", values)
