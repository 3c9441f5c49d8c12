"""Webhooks come in here: signed, bounded, answered before anything is done, and never told why they were refused."""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Request

from fairlead.domain.errors import FairleadError
from fairlead.server.api.answers import Accepted, MadeReleases
from fairlead.server.api.doors import Books, address_of, life_of
from fairlead.usecases import pushes, runs

log = structlog.get_logger("fairlead.hooks")

router = APIRouter(tags=["webhooks"])


@router.post("/hooks/registry", status_code=202)
async def receive_pushes(context: Books, request: Request) -> MadeReleases:
    """A registry's notification (CNCF Distribution): releases of projects whose own CI pushed an image."""
    body = await request.body()
    headers = dict(request.headers)
    try:
        made = await context.database.run(lambda: pushes.received(context, headers, body))
    except FairleadError as error:
        log.warning("webhook.refused", code=error.code, address=address_of(request))
        raise
    return {"releases": [release.version for release in made]}


@router.post("/hooks/{webhook}", status_code=202)
async def receive(context: Books, request: Request, webhook: str) -> Accepted:
    """Look at the project's repository; what the body says beside that is not believed."""
    body = await request.body()
    headers = dict(request.headers)
    try:
        project = await context.database.run(lambda: runs.received(context, webhook, headers, body))
    except FairleadError as error:
        log.warning("webhook.refused", code=error.code, address=address_of(request))
        raise
    if project is not None:
        life_of(request).look_soon(project.name, "webhook")
    return {"accepted": project is not None}
