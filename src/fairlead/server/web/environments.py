"""Environments, in the order in which releases reach them."""

from __future__ import annotations

from starlette.responses import Response

from fairlead.formats import durations
from fairlead.server.routing import page_router
from fairlead.server.web import setup
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Visiting
from fairlead.usecases import environments

router = page_router()


@router.get("/environments")
def show(visitor: Visiting, part: Searched) -> Response:
    """A part of them, each with what deployments to it ask for."""
    found = environments.page(visitor.context, visitor.actor, search=part.search, after=part.after, limit=part.limit)
    values = {"section": setup.SECTION, "environments": found.items, "listed": part.shown(found.after)}
    values["written"] = durations.written
    return visitor.page("environments.html", values)
