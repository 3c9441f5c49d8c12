"""state.capture: the state before, taken from outside and kept as a fact of the task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.domain.capture import Capture
from fairlead.domain.effect import Done, Looked, NotYet, Outcome
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json, from_data, to_data
from fairlead.ports.catalogue import Place
from fairlead.ports.step import Tools
from fairlead.steps.capturing import capture
from fairlead.steps.effects.basis import Plain, read

STATE_BEFORE = "state.before"
"""The task's fact that holds the capture."""


@dataclass(frozen=True, slots=True)
class Captured:
    """Whose state."""

    place: Place


class CaptureState(Plain):
    """Captures the state before the first change, once: a later attempt finds the fact and leaves it."""

    kind = "state.capture"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether the task has it."""
        facts = await tools.records.facts(tools.task)
        return Done(was_already_so=True) if STATE_BEFORE in facts else NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Captures and keeps it."""
        state = await capture(
            read(Captured, effect).place,
            container_engine=tools.container_engine,
            proxy=tools.proxy,
            catalogue=tools.catalogue,
            records=tools.records,
            secrets=tools.secrets,
        )
        await tools.records.note(tools.task, STATE_BEFORE, to_data(state))
        return Done()


def state_before(facts: Mapping[str, Json]) -> Capture | None:
    """The capture back from the facts of a task; None where nothing was begun."""
    return from_data(Capture, facts[STATE_BEFORE]) if STATE_BEFORE in facts else None
