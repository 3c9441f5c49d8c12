"""How many of something wait for a person, beside its word in the frame."""

from __future__ import annotations

from starlette.responses import Response

from fairlead.server.web.dashboard import unless_seen
from fairlead.server.web.visit import COUNTED, MOST_COUNTED, Visitor


def count_of(visitor: Visitor, page: str, seen: str) -> Response:
    """The count that leads to that page, as htmx asks for it again and again; 204 where nothing changed."""
    count = COUNTED[page](visitor.context, visitor.actor, most=MOST_COUNTED) if visitor.may_somewhere("view") else 0
    return unless_seen(visitor.part("count.html", {"address": page, "counts": {page: count}}), seen)
