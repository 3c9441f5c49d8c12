"""The audit: who did what, the newest first."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from fairlead.domain.event_kind import NOUNS
from fairlead.server.routing import page_router
from fairlead.server.web.lists import Paged
from fairlead.server.web.visit import Posted, Visiting, in_one_transaction
from fairlead.usecases import audit

router = page_router()

Text = Annotated[str, Query(max_length=100)]


@router.get("/events")
@in_one_transaction
def show(
    visitor: Visiting,
    part: Paged,
    project: Text = "",
    environment: Text = "",
    actor: Text = "",
    kind: Text = "",
    since: Annotated[str, Query(max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """A part of it; `since` and `until` are days in UTC, both included."""
    wanted = audit.Wanted(
        project=project or None,
        environment=environment or None,
        actor=actor or None,
        kind=kind or None,
        since=_day(since, time.min),
        until=_day(until, time.max),
    )
    found = audit.page(visitor.context, visitor.actor, wanted, after=part.after, limit=part.limit)
    values = {
        "section": "/events",
        "events": found.items,
        "listed": part.shown(found.after),
        "nouns": NOUNS,
        "project": project,
        "environment": environment,
        "actor": actor,
        "kind": kind,
        "since": since,
        "until": until,
    }
    return visitor.page("events.html", values)


@router.post("/events/verify")
def verify(form: Posted) -> Response:
    """Say whether every event is as it was written."""
    visitor = form.visitor
    verdict = audit.verify(visitor.context, visitor.actor)
    if verdict.is_whole:
        return form.done(
            "/events", f"All {verdict.count:,} events are as they were written; the last is {verdict.hash}."
        )
    first = verdict.faults[0]
    return form.wrong("/events", f"Event {first.sequence} {first.event}: {first.reason}.")


def _day(text: str, at: time) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), at, UTC) if text else None
    except ValueError:
        return None
