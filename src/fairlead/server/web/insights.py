"""The page of insights: how often, how soon and how safely a project was deployed lately."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from fairlead.domain.insights import DEFAULT_DAYS, LONGEST_DAYS, in_words
from fairlead.server.routing import page_router
from fairlead.server.web.visit import Visiting, in_one_transaction
from fairlead.usecases import insights, projects

router = page_router()

SPANS = (7, 30, 90, 365)


@router.get("/projects/{name}/insights")
@in_one_transaction
def show(visitor: Visiting, name: str, days: Annotated[int, Query(ge=1, le=LONGEST_DAYS)] = DEFAULT_DAYS) -> Response:
    """The figures of the last so many days, of each environment and of all."""
    found = projects.get(visitor.context, visitor.actor, name)
    view = insights.of_project(visitor.context, visitor.actor, found.id, days=days)
    rows = [*view.by_environment, *([("All", view.whole)] if len(view.by_environment) > 1 else [])]
    spans = sorted({*SPANS, days})
    values = {"project": found, "view": view, "rows": rows, "days": days, "spans": spans, "in_words": in_words}
    return visitor.page("insights.html", values)
