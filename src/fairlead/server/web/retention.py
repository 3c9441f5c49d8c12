"""What retention would do to releases now, and why."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from fairlead.server.routing import page_router
from fairlead.server.web import setup
from fairlead.server.web.visit import Visiting
from fairlead.usecases import package_retention, release_retention

router = page_router()


@router.get("/retention")
def show(visitor: Visiting, project: Annotated[str, Query(max_length=100)] = "") -> Response:
    """The dry run."""
    judged = release_retention.preview(visitor.context, visitor.actor, project=project)
    stored = () if project else package_retention.preview(visitor.context, visitor.actor)
    values = {"section": setup.SECTION, "judged": judged, "project": project, "stored": stored}
    return visitor.page("retention.html", values)
