"""The audit: who did what, the newest first."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from fairlead.domain.permission import Permission
from fairlead.server.web.visit import Visiting
from fairlead.store import events

router = APIRouter()

NOUNS = (
    "approval",
    "deployment",
    "environment",
    "key",
    "policy",
    "project",
    "release",
    "run",
    "target",
    "task",
    "user",
    "variable",
)


@router.get("/events")
def show(
    visitor: Visiting,
    project: Annotated[str, Query(max_length=100)] = "",
    kind: Annotated[str, Query(max_length=100)] = "",
    after: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """A part of it."""
    visitor.actor.require(Permission.VIEW)
    with visitor.context.database.reading() as connection:
        part = events.page(connection, project=project or None, kind=kind or None, after=after)
    kept = {name: value for name, value in (("project", project), ("kind", kind)) if value}
    values = {
        "section": "/events",
        "events": part.items,
        "project": project,
        "kind": kind,
        "nouns": NOUNS,
        "older": f"/events?{urlencode({**kept, 'after': part.after})}" if part.after else "",
        "newest": f"/events?{urlencode(kept)}" if after else "",
    }
    return visitor.page("events.html", values)
