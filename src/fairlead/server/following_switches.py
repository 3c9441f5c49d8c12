"""At a start: what was switched back without the server (`fairlead-server offline`) is followed, never undone."""

from __future__ import annotations

import asyncio

import structlog

from fairlead.domain.errors import FairleadError
from fairlead.server.bootstrap import Server
from fairlead.store import switch_notes
from fairlead.store.switch_notes import SwitchNote
from fairlead.usecases import switched_back

log = structlog.get_logger("fairlead.server")


async def follow_switches(server: Server) -> int:
    """Before any task goes on: notes are read, tasks called off, books follow. How many places were settled.

    A note is forgotten once it was acted on; one that could not be (the proxy does not answer) is read again.
    """
    settled = 0
    for path, note in await asyncio.to_thread(switch_notes.read_all, server.settings.data_dir):
        try:
            await _follow(server, note)
        except FairleadError as error:
            log.error("offline.not_followed", project=note.project, code=error.code, reason=str(error))
            continue
        path.unlink(missing_ok=True)
        settled += 1
    return settled + await _follow_what_is_so(server)


async def _follow_what_is_so(server: Server) -> int:
    """Commands that were pasted leave no note: what the proxy says is read, as long as nobody has mended it."""
    followed = 0
    try:
        for place, colour in await switched_back.standing_elsewhere(server.context, server):
            if await switched_back.follow(server.context, server, place, colour):
                await asyncio.to_thread(server.catalogue.copy_slots, place, is_durable=True)
                log.warning("offline.switched_back", project=place.project, environment=place.where, colour=colour)
                followed += 1
    except FairleadError as error:
        log.error("offline.not_followed", code=error.code, reason=str(error))
    return followed


async def _follow(server: Server, note: SwitchNote) -> None:
    called_off = await asyncio.to_thread(switched_back.call_off, server.context, note.place, by=note.by)
    followed = await switched_back.follow(server.context, server, note.place, note.colour, by=note.by, at=note.when)
    if followed:
        await asyncio.to_thread(server.catalogue.copy_slots, note.place, is_durable=True)
    log.warning(
        "offline.switched_back",
        project=note.project,
        environment=note.environment,
        colour=note.colour,
        by=note.by,
        at=note.at,
        called_off=called_off,
        is_recorded=followed,
    )
