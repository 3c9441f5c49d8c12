"""Why: the chain of reasons as a page, and beside what it explains."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from fairlead.domain.reason import Reason
from fairlead.server.routing import page_router
from fairlead.server.web.visit import Visiting, Visitor
from fairlead.usecases import environments, why
from fairlead.usecases.values import Where

router = page_router("/why")

Text = Annotated[str, Query(max_length=128)]


@router.get("/deployments/{id}")
def show_deployment(visitor: Visiting, id: str) -> Response:
    """Why a deployment is, or ended, as it did."""
    return _page(visitor, why.deployment(visitor.context, visitor.actor, id))


@router.get("/runs/{id}")
def show_run(visitor: Visiting, id: str) -> Response:
    """Why a run began, and ended as it did."""
    return _page(visitor, why.run(visitor.context, visitor.actor, id))


@router.get("/releases/{project}/{version}")
def show_release(visitor: Visiting, project: str, version: str) -> Response:
    """How a release came to be."""
    return _page(visitor, why.release(visitor.context, visitor.actor, project, version))


@router.get("/values/{project}/{name:path}")
def show_value(visitor: Visiting, project: str, name: str, environment: Text = "", version: Text = "") -> Response:
    """Which value holds in each environment (or in one), and why each other does not."""
    known = [one.name for one in environments.all_of(visitor.context, visitor.actor)]
    found = [
        why.value(visitor.context, visitor.actor, project, name, Where(place), version=version)
        for place in known
        if environment in ("", place)
    ]
    return _page(visitor, *found)


def _page(visitor: Visitor, *found: Reason) -> Response:
    return visitor.page("why.html", {"reasons": found})
