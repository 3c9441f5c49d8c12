"""On a host: its engine, and small commands run to their end, for effects that leave something there."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from fairlead.domain.errors import NotFound
from fairlead.domain.plan import Effect
from fairlead.ports.connection import Command, Connection
from fairlead.ports.step import Tools

SAID_BYTES = 8 * 1024**2
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 0.5

HOME = """\
[ -n "${HOME-}" ] || HOME=$(getent passwd "$(id -u)" | cut -d : -f 6)
[ -n "$HOME" ] || { echo "the user has no home directory here"; exit 1; }
"""
"""How a script of ours begins that needs to know where it is."""


async def at_host(host: str, tools: Tools) -> Tools:
    """The same tools, with the engine of that target ("": this machine's)."""
    return replace(tools, container_engine=await tools.hosts.engine_of(host)) if host else tools


async def still_at_host(host: str, name: str, tools: Tools, *, left: str = "what is there") -> Tools | None:
    """The same, to take something back; None where the target of that name is one no more, and what is `left` stays."""
    try:
        return await at_host(host, tools)
    except NotFound:
        tools.say(f"{name} is no target any more; {left} stays", level="warning")
        return None


async def still_there(target: str, name: str, tools: Tools) -> Connection | None:
    """The host (id and name) of what is taken back; None where it is no target any more, which is said."""
    try:
        return await tools.hosts.of_target(target)
    except NotFound:
        tools.say(f"{name} is no target any more; what lies there stays", level="warning")
        return None


async def ran(host: Connection, ticket: str, command: Command) -> tuple[int, str]:
    """Run to its end there; its exit code and what it said, the last of very much. Nothing of the run is left."""
    await host.start(ticket, command)
    log, position, pause_s = b"", 0, FIRST_PAUSE_S
    try:
        while True:
            progress = await host.progress(ticket, after=position)
            log, position = (log + progress.log)[-SAID_BYTES:], progress.position
            if progress.exit_code is not None:
                return progress.exit_code, log.decode("utf-8", "replace")
            if progress.log:
                pause_s = FIRST_PAUSE_S
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, LONGEST_PAUSE_S)
    finally:
        await asyncio.shield(host.complete(ticket))


def last_line(said: str, exit_code: int) -> str:
    """Why it did not go well, in its own words."""
    lines = said.strip().splitlines()
    return lines[-1][:300] if lines else f"it ended with {exit_code}"


def ticket_of(effect: Effect, tools: Tools) -> str:
    """Under which an effect's program runs at its host: the same, however often the effect is begun."""
    return f"{tools.task}/{effect.key}"
