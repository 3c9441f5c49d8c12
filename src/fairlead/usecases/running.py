"""What of all that our books call live does not run: found by a look now and then, so that lists can say it at no
cost. The page of one place asks the engine itself (`standing`)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from fairlead.domain.errors import FairleadError, TimedOut
from fairlead.domain.slot import Slot
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import LABEL_COLOUR, LABEL_DEPLOYMENT, LABEL_KIND
from fairlead.steps.blueprint import KIND_INSTANCE
from fairlead.store import slots, tasks
from fairlead.store.database import Connection

if TYPE_CHECKING:
    from fairlead.usecases.context import Context

TIMEOUT_S = 15.0


class Engine(Protocol):
    """What is asked."""

    async def running(self, labels: Mapping[str, str]) -> Sequence[Mapping[str, str]]: ...


@dataclass(slots=True)
class Running:
    """What the last look found. Written by the looks, read from any thread: each value is exchanged as a whole.

    `down` holds, by place, the deployment whose instances should run there; `unknown_since` is when the engine was
    first asked in vain (None: it answers)."""

    down: Mapping[Place, str] = field(default_factory=dict)
    unknown_since: datetime | None = None

    def is_down(self, place: Place, slot: Slot | None) -> bool:
        """Whether what stands in the place's live slot was found not to run."""
        return bool(self.down) and slot is not None and self.down.get(place) == slot.deployment

    @property
    def unknown(self) -> str:
        """Why nothing is known; "" where it is."""
        if self.unknown_since is None:
            return ""
        return (
            f"The container engine has not answered since {self.unknown_since:%Y-%m-%d %H:%M} UTC: "
            "whether what is recorded as live runs is not known."
        )


def does_not_run(place: Place, slot: Slot) -> str:
    """What is so with the live slot, and what to do."""
    return f"{said_of(slot)} {remedy_of(place, slot)}"


def said_of(slot: Slot) -> str:
    """What is so."""
    return f"{slot.version} is recorded as live, and no instance of it runs: users get no answer."


def remedy_of(place: Place, slot: Slot) -> str:
    """What brings it back."""
    whose = f" --tenant {place.tenant}" if place.tenant else ""
    where = f"--project {place.project} --to {place.environment}{whose}"
    return f"Bring it back: fairlead deploy {slot.version} {where} --force"


async def look(context: Context, engine: Engine) -> Sequence[Place]:
    """Asks once for all of the house; which places were found not to run twice in a row, so that people may be told.
    Raises what the engine raises. A place at which a task is under way is left out: that looks for itself."""
    known = context.running
    try:
        running = await _running(engine)
    except FairleadError:
        known.unknown_since = known.unknown_since or context.clock.now()
        raise
    known.unknown_since = None
    found = await context.database.read(lambda connection: _not_among(connection, running))
    if found:  # what moved between the two questions is not there any more when both are asked again
        running = await _running(engine)
        again = await context.database.read(lambda connection: _not_among(connection, running))
        found = {place: by for place, by in found.items() if again.get(place) == by}
    before, known.down = known.down, found
    return [place for place, by in found.items() if before.get(place) == by]


async def _running(engine: Engine) -> frozenset[str]:
    """The deployments of which an instance in a slot runs."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            found = await engine.running({LABEL_KIND: KIND_INSTANCE, LABEL_COLOUR: ""})
    except TimeoutError as error:
        message = f"the container engine did not answer within {TIMEOUT_S:g} s"
        raise TimedOut("engine.unreachable", message) from error
    return frozenset(labels.get(LABEL_DEPLOYMENT, "") for labels in found)


def _not_among(connection: Connection, running: frozenset[str]) -> dict[Place, str]:
    live = slots.live_deployments(connection)
    found = {place: by for place, by in live.items() if by not in running}
    taken = tasks.held_tags(connection) if found else frozenset()
    return {place: by for place, by in found.items() if place.tag not in taken}
