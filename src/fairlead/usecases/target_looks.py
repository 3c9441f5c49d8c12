"""Looking whether targets answer: when a person asks, and from time to time; who answers again is told to triggers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from fairlead.domain.actor import SYSTEM
from fairlead.domain.errors import FairleadError, TimedOut
from fairlead.domain.health import is_unwell_reason
from fairlead.domain.ids import TargetId
from fairlead.domain.target import Target, TargetHealth, TargetKind
from fairlead.domain.trigger import TargetEvent
from fairlead.ports.hosts import Hosts, Seen
from fairlead.store import target_health, targets
from fairlead.store.database import Connection
from fairlead.usecases import happenings
from fairlead.usecases.context import Context

T = TypeVar("T")

CHECK_TIMEOUT_S = 30.0
LOOKS_AT_ONCE = 8
LONGEST_REASON = 1000
WELL_EVERY = timedelta(minutes=10)
"""How often a host that answers is looked at: what runs on it is told by its deployments."""
SILENT_EVERY = timedelta(seconds=30)
"""How often one that does not answer is: somebody waits for it."""


async def look(context: Context, hosts: Hosts, target: Target) -> Seen:
    """What can be run there; whether it answered is kept, and told to triggers where it had not before. What
    ports.hosts raises, and TimedOut `host.unreachable`."""
    try:
        seen = await bounded(target, hosts.look(target.id))
    except FairleadError as error:
        message = error.message
        await context.database.write(lambda connection: found(context, connection, target.id, message))
        raise
    await context.database.write(lambda connection: found(context, connection, target.id, is_available=True))
    return seen


async def look_at_due(context: Context, hosts: Hosts) -> int:
    """Enabled hosts over SSH that were not looked at for long are; how many."""
    due = await context.database.read(lambda connection: _due(context, connection))
    places = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def one(target: Target) -> None:
        async with places:
            try:
                await look(context, hosts, target)
            except FairleadError:
                return  # it is kept as the target's health

    async with asyncio.TaskGroup() as group:
        for target in due:
            group.create_task(one(target))
    return len(due)


def found(
    context: Context, connection: Connection, id: TargetId, reason: str = "", *, is_available: bool = False
) -> None:
    """A look or a health check found it so, for this reason; where it is available and was not, triggers are told."""
    now, held = context.clock.now(), targets.find(connection, id)
    if held is None:
        return
    before = target_health.of(connection, [id]).get(id)
    since = before.since if before is not None and before.is_available == is_available else now
    target_health.put(connection, TargetHealth(id, is_available, now, since, reason[:LONGEST_REASON]))
    if before is None or before.is_available == is_available or not held.is_enabled:
        return
    _note(context, connection, held, reason, is_available=is_available)
    if is_available:
        happenings.target_became(context, connection, held, TargetEvent.HEALTHY)


def _note(context: Context, connection: Connection, target: Target, reason: str, *, is_available: bool) -> None:
    """News: each change once, however often it is looked at meanwhile."""
    kind = "target.unhealthy" if is_unwell_reason(reason) else "target.unavailable"
    words = f"{target.name} does not answer" if kind == "target.unavailable" else f"{target.name} is unwell"
    if is_available:
        kind, words = "target.available", f"{target.name} answers again"
    message = f"{words}: {reason}"[:LONGEST_REASON] if reason else words
    context.note(connection, SYSTEM, kind, message, thing=target.id)


async def bounded(target: Target, work: Coroutine[Any, Any, T]) -> T:
    """The work, or TimedOut `host.unreachable`."""
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return await work
    except TimeoutError as error:
        raise TimedOut(
            "host.unreachable", f"{target.name} did not answer within {CHECK_TIMEOUT_S:g} s", thing=target.name
        ) from error


def _due(context: Context, connection: Connection) -> list[Target]:
    now = context.clock.now()
    known = [one for one in targets.all_of(connection) if one.is_enabled and one.kind is TargetKind.SSH]
    health = target_health.of(connection, [one.id for one in known])
    return [
        one
        for one in known
        if (held := health.get(one.id)) is None or (now >= held.at + _pause(held) and not is_unwell(held))
    ]


def is_unwell(held: TargetHealth) -> bool:
    """Whether it answers, but its health check said no: only another check can tell that it is well again."""
    return held.is_unwell


def _pause(held: TargetHealth) -> timedelta:
    return WELL_EVERY if held.is_available else SILENT_EVERY
