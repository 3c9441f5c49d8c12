"""The audit: looking at it, taking it along, proving that it is whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import StreamingResponse

from fairlead.domain.errors import Invalid
from fairlead.domain.event import Event
from fairlead.formats.audit_lines import line_of
from fairlead.server import openapi
from fairlead.server.api import answers, shapes
from fairlead.server.api.doors import After, Asking, Books, Limit
from fairlead.server.routing import api_router
from fairlead.usecases import audit

router = api_router("access")

Moment = Annotated[datetime | None, Query(description="RFC 3339, with an offset")]


def wanted_of(
    project: str | None = None,
    environment: str | None = None,
    tenant: str | None = None,
    thing: str | None = None,
    kind: Annotated[str | None, Query(description="with a dot at its end: all of that noun")] = None,
    actor_name: Annotated[str | None, Query(alias="actor")] = None,
    since: Moment = None,
    until: Moment = None,
) -> audit.Wanted:
    """Which events are asked for."""
    bounds = _in_utc("since", since), _in_utc("until", until)
    return audit.Wanted(project, environment, tenant, thing, kind, actor_name, *bounds)


def _in_utc(name: str, given: datetime | None) -> datetime | None:
    if given is None:
        return None
    hint = "2026-03-02T09:14:07+00:00"
    if given.tzinfo is None:
        raise Invalid("input.invalid", "a time needs its offset", thing=name, hint=hint)
    try:
        return given.astimezone(UTC)
    except OverflowError as error:
        raise Invalid("input.invalid", "in UTC there is no such time", thing=name, hint=hint) from error


Wanting = Annotated[audit.Wanted, Depends(wanted_of)]


@router.get("/events")
def list_events(
    context: Books, actor: Asking, wanted: Wanting, after: After = None, limit: Limit = 50
) -> answers.Page[answers.Event]:
    """The audit, the newest first, as far as you may view what it is about."""
    return shapes.page(audit.page(context, actor, wanted, after=after, limit=limit), shaped)


@router.get("/events/export", response_class=StreamingResponse, responses=openapi.LINES)
def export_events(context: Books, actor: Asking, wanted: Wanting) -> StreamingResponse:
    """The audit, the oldest first, as a JSON object on each line: what each hash is taken of, and the hash."""
    found = audit.export(context, actor, wanted)
    return StreamingResponse(_lines(found), media_type=openapi.JSON_LINES)


@router.get("/events/verification")
def verify_events(
    context: Books,
    actor: Asking,
    sequence: Annotated[int, Query(ge=0, description="number of an event whose hash is known")] = 0,
    expected: Annotated[str, Query(max_length=64, description="the hash that it had")] = "",
) -> answers.AuditVerdict:
    """Whether every event is as it was written, and none is missing."""
    verdict = audit.verify(context, actor, sequence=sequence, expected=expected)
    return {
        "whole": verdict.is_whole,
        "count": verdict.count,
        "archived": verdict.archived,
        "sequence": verdict.sequence,
        "hash": verdict.hash,
        "faults": [{"sequence": one.sequence, "event": one.event, "reason": one.reason} for one in verdict.faults],
    }


def shaped(one: Event) -> answers.Event:
    """As the API tells it."""
    return {
        "id": one.id,
        "at": one.at.isoformat(),
        "actor": one.actor,
        "kind": one.kind,
        "message": one.message,
        "thing": one.thing,
        "project": one.project,
        "environment": one.environment,
        "tenant": one.tenant,
        "via": one.via,
        "address": one.address,
        "difference": [
            {"path": part.path, "old": part.old, "new": part.new, "secret": part.is_secret} for part in one.difference
        ],
        "sequence": one.sequence,
        "previous": one.previous,
        "hash": one.hash,
    }


def _lines(found: Iterator[Event]) -> Iterator[bytes]:
    for event in found:
        yield line_of(event)
