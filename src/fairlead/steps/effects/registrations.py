"""catalogue.register: the new instances are found by others, in the idle slot's colour."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.effect import Done, Looked, NotYet, Outcome
from fairlead.domain.plan import Effect
from fairlead.ports.catalogue import Place, Registration
from fairlead.ports.step import Tools
from fairlead.steps.effects.basis import read


@dataclass(frozen=True, slots=True)
class Registered:
    """All entries of one slot."""

    place: Place
    entries: tuple[Registration, ...]


class Register:
    """Registers all instances that have an endpoint, in one transaction."""

    kind = "catalogue.register"

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """Whether all are found as they are to be."""
        wanted = read(Registered, effect)
        held = set(await tools.catalogue.find(wanted.place))
        return Done(was_already_so=True) if held.issuperset(wanted.entries) else NotYet()

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        """Registers them."""
        wanted = read(Registered, effect)
        await tools.catalogue.register(wanted.entries)
        return Done()

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """None of them is found any more."""
        wanted = read(Registered, effect)
        await tools.catalogue.deregister(wanted.place, [entry.instance for entry in wanted.entries])
