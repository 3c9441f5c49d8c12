"""What every refusal ends in: a line in the audit that says who was refused what."""

from __future__ import annotations

import structlog
from fastapi import Request

from fairlead.domain.actor import Actor
from fairlead.domain.errors import FairleadError, NotAllowed
from fairlead.server.api.doors import context_of
from fairlead.usecases import audit

log = structlog.get_logger("fairlead.server")


async def note(request: Request, error: FairleadError) -> None:
    """Noted where somebody who is known was refused; that it cannot be (a full disk) does not change the answer."""
    actor = getattr(request.state, "actor", None)
    if not isinstance(error, NotAllowed) or not isinstance(actor, Actor):
        return
    refused, context = error, context_of(request)
    act = f"{request.method} {request.url.path}"
    try:
        await context.database.run(lambda: audit.note_refused(context, actor, refused, act))
    except FairleadError as failed:
        log.warning("refusal.not_noted", act=act, actor=actor.name, code=failed.code)
