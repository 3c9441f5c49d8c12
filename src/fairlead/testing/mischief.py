"""What can go wrong at an effect, and who does it: effect kinds are wrapped, the product has no hooks for it.

A *mischief* strikes one verb of one effect: before it, during it (the verb has begun) or after it (it is wholly done,
and nobody was told). Any effect kind can be struck, a third party's too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal, TypeVar, get_args

from fairlead.domain.effect import Looked, Outcome, SaidNo, Waits
from fairlead.domain.errors import Failed, Unreachable
from fairlead.domain.plan import Effect, Plan, all_effects, effects_of
from fairlead.engine.bounded import OutOfTime
from fairlead.ports.step import EffectKind, Tools
from fairlead.testing.tripwire import Crossing, with_tripwire

T = TypeVar("T")


class Verb(StrEnum):
    """What is struck."""

    LOOK = "look"
    DO = "do"
    UNDO = "undo"


class Moment(StrEnum):
    """When it strikes."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


Deed = Literal["die", "fail", "unreachable", "no", "bug", "cancel", "twice", "late", "freeze"]
"""die: the server is killed. fail, unreachable, bug: an error is raised. no: the effect says no. cancel: a person asks
to cancel. twice: what is done is done again. late: it is done, but the answer comes after our timeout; *during*, the
act itself goes on behind our back. freeze: the node is suspended, its tasks are taken over and brought to their end by
another, and then it is woken where it stood."""


@dataclass(frozen=True, slots=True)
class Mischief:
    """One thing that goes wrong, the first `times` times that the verb comes to the moment."""

    deed: Deed
    key: str
    verb: Verb
    moment: Moment
    times: int = 1

    def __str__(self) -> str:
        return f"{self.deed} {self.moment} {self.verb} of {self.key} (x{self.times})"

    def to_text(self) -> str:
        """What `from_text` reads: ``die:before:do:start:web:1``."""
        return f"{self.deed}:{self.moment}:{self.verb}:{self.key}"

    @classmethod
    def from_text(cls, text: str, *, times: int = 1) -> Mischief:
        """The mischief that is written so; ValueError says what is wrong."""
        deed, moment, verb, key = (*text.split(":", 3), "", "", "")[:4]
        known: tuple[Deed, ...] = get_args(Deed)
        found = next((one for one in known if one == deed), None)
        if found is None or not key:
            raise ValueError(f"{text!r} is no mischief; one is written DEED:MOMENT:VERB:KEY")
        return cls(found, key, Verb(verb), Moment(moment), times)


@dataclass(slots=True)
class Saboteur:
    """Wraps effect kinds and strikes.

    `crashed` is set when the process is to die, `frozen` when it is to be suspended; whoever struck waits, in the
    first case for ever, in the second until `thawed`.
    """

    mischiefs: Sequence[Mischief]
    ask_cancel: Callable[[], None]
    crashed: asyncio.Event = field(default_factory=asyncio.Event)
    frozen: asyncio.Event = field(default_factory=asyncio.Event)
    thawed: asyncio.Event = field(default_factory=asyncio.Event)
    struck: dict[Mischief, int] = field(default_factory=dict)
    strays: list[asyncio.Future[object]] = field(default_factory=list)
    moves_during: int = 1

    def wrap(self, kinds: Mapping[str, EffectKind]) -> dict[str, EffectKind]:
        """The same kinds, struck."""
        return {name: _Struck(kind, self) for name, kind in kinds.items()}

    async def through(self, effect: Effect, verb: Verb, tools: Tools, call: Callable[[Tools], Awaitable[T]]) -> T:
        """The call, struck where a mischief says so."""
        if due := self.due(effect, verb, Moment.BEFORE):
            await self.commit_deed(due, tools)
        if due := self.due(effect, verb, Moment.DURING):
            if due.deed == "freeze":
                return await call(self._freezing(tools))
            await self.begin(call(tools), due)
            await self.commit_deed(due, tools)
        answer = await call(tools)
        if due := self.due(effect, verb, Moment.AFTER):
            if due.deed == "twice":
                return await call(tools)
            await self.commit_deed(due, tools)
        return answer

    async def begin(self, work: Awaitable[object], mischief: Mischief) -> None:
        """The work is begun and cut off in its middle; what is answered late goes on behind our back."""
        begun = asyncio.ensure_future(work)
        await self.move_on()
        if mischief.deed == "late":
            self.strays.append(begun)
            return
        begun.cancel()
        await asyncio.gather(begun, return_exceptions=True)

    async def move_on(self) -> None:
        """What has begun gets so far before it is struck *during*."""
        for _ in range(self.moves_during):
            await asyncio.sleep(0)

    def _freezing(self, tools: Tools) -> Tools:
        """The same tools; the process is suspended between the first answer of a port and the next question."""

        async def trip(crossing: Crossing) -> None:
            if crossing.point == "after" and not self.frozen.is_set():
                await self.freeze()

        return replace(
            tools,
            container_engine=with_tripwire(tools.container_engine, trip),
            proxy=with_tripwire(tools.proxy, trip),
            catalogue=with_tripwire(tools.catalogue, trip),
            records=with_tripwire(tools.records, trip),
        )

    async def freeze(self) -> None:
        """This node sleeps until it is woken."""
        if self.frozen.is_set():
            return  # one node is suspended already: the other is needed
        self.frozen.set()
        await self.thawed.wait()

    def due(self, effect: Effect, verb: Verb, moment: Moment) -> Mischief | None:
        """What strikes there now; it counts as struck."""
        for mischief in self.mischiefs:
            is_meant = (mischief.key, mischief.verb, mischief.moment) == (effect.key, verb, moment)
            if is_meant and self.struck.get(mischief, 0) < mischief.times:
                self.struck[mischief] = self.struck.get(mischief, 0) + 1
                return mischief
        return None

    async def commit_deed(self, mischief: Mischief, tools: Tools) -> None:
        """What strikes, strikes."""
        match mischief.deed:
            case "die":
                self.crashed.set()
                await asyncio.Event().wait()
            case "freeze":
                await self.freeze()
            case "cancel":
                self.ask_cancel()
                await asyncio.sleep(0)
            case "fail":
                raise Failed("engine.failed", f"struck: {mischief}")
            case "unreachable":
                raise Unreachable("engine.unreachable", f"struck: {mischief}")
            case "late":
                raise OutOfTime
            case "bug":
                raise ZeroDivisionError(f"struck: {mischief}")
            case "no":
                raise _No(SaidNo("tests.failed", f"struck: {mischief}"))
            case "twice":
                return


class _No(Exception):
    def __init__(self, said: SaidNo) -> None:
        super().__init__(said.reason)
        self.said = said


@dataclass(frozen=True, slots=True)
class _Struck:
    kind: EffectKind
    saboteur: Saboteur

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        return await self.saboteur.through(effect, Verb.LOOK, tools, lambda with_: self.kind.look(effect, with_))

    async def do(self, effect: Effect, tools: Tools) -> Outcome | Waits:
        try:
            return await self.saboteur.through(effect, Verb.DO, tools, lambda with_: self.kind.do(effect, with_))
        except _No as no:
            return no.said

    async def undo(self, effect: Effect, tools: Tools) -> None:
        await self.saboteur.through(effect, Verb.UNDO, tools, lambda with_: self.kind.undo(effect, with_))


def every_moment(
    plan: Plan, deed: Deed, *, verbs: Sequence[Verb] = (Verb.DO,), moments: Sequence[Moment] = tuple(Moment)
) -> Iterator[Mischief]:
    """One mischief for each effect of the plan, verb and moment."""
    undone = {effect.key for effect in effects_of(plan.forward) if effect.is_undone}
    for effect in all_effects(plan):
        for verb in verbs:
            if verb is Verb.UNDO and effect.key not in undone:
                continue
            for moment in moments:
                yield Mischief(deed, effect.key, verb, moment)
