"""Crash sweeps: play a plan once for each thing that can go wrong at each of its effects, and look how it ends.

It wraps effect kinds; the product has no hooks for it. A *mischief* strikes one verb of one effect: before it, during
it (the verb has begun and is cut off) or after it (it is wholly done, and nobody was told).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal, TypeVar

from fairlead.domain.effect import Looked, Outcome, SaidNo
from fairlead.domain.errors import Failed, Unreachable
from fairlead.domain.ids import NodeId, TaskId
from fairlead.domain.plan import Effect, Plan, all_effects, effects_of
from fairlead.domain.task import TaskState
from fairlead.engine.interpreter import Interpreter
from fairlead.engine.parts import Parts
from fairlead.ports.step import EffectKind, Tools
from fairlead.ports.tasks import End
from fairlead.testing.fake_durable import Disk, FakeDurable, transaction
from fairlead.testing.fake_tasks import FakeBinder, FakeTasks

T = TypeVar("T")

LIVES = 20
"""How often a node may die, and a task be taken up, in one case."""

CASE_BOUND_S = 20.0

TASK = TaskId("task-1")


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


Deed = Literal["die", "fail", "unreachable", "no", "bug", "cancel", "twice"]


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


@dataclass(slots=True)
class Saboteur:
    """Wraps effect kinds and strikes. `crashed` is set when the process is to die; whoever struck waits for that."""

    mischiefs: Sequence[Mischief]
    ask_cancel: Callable[[], None]
    crashed: asyncio.Event = field(default_factory=asyncio.Event)
    struck: dict[Mischief, int] = field(default_factory=dict)
    moves_during: int = 1

    def wrap(self, kinds: Mapping[str, EffectKind]) -> dict[str, EffectKind]:
        """The same kinds, struck."""
        return {name: _Struck(kind, self) for name, kind in kinds.items()}

    async def through(self, effect: Effect, verb: Verb, call: Callable[[], Awaitable[T]]) -> T:
        """The call, struck where a mischief says so."""
        await self._strike(effect, verb, Moment.BEFORE)
        if due := self._due(effect, verb, Moment.DURING):
            await self._begin_and_cut(call)
            await self._commit_deed(due)
        answer = await call()
        if due := self._due(effect, verb, Moment.AFTER):
            if due.deed == "twice":
                return await call()
            await self._commit_deed(due)
        return answer

    async def _strike(self, effect: Effect, verb: Verb, moment: Moment) -> None:
        if due := self._due(effect, verb, moment):
            await self._commit_deed(due)

    async def _begin_and_cut(self, call: Callable[[], Awaitable[T]]) -> None:
        begun = asyncio.ensure_future(call())
        for _ in range(self.moves_during):
            await asyncio.sleep(0)
        begun.cancel()
        await asyncio.gather(begun, return_exceptions=True)

    def _due(self, effect: Effect, verb: Verb, moment: Moment) -> Mischief | None:
        for mischief in self.mischiefs:
            is_meant = (mischief.key, mischief.verb, mischief.moment) == (effect.key, verb, moment)
            if is_meant and self.struck.get(mischief, 0) < mischief.times:
                self.struck[mischief] = self.struck.get(mischief, 0) + 1
                return mischief
        return None

    async def _commit_deed(self, mischief: Mischief) -> None:
        match mischief.deed:
            case "die":
                self.crashed.set()
                await asyncio.Event().wait()
            case "cancel":
                self.ask_cancel()
                await asyncio.sleep(0)
            case "fail":
                raise Failed("engine.failed", f"struck: {mischief}")
            case "unreachable":
                raise Unreachable("engine.unreachable", f"struck: {mischief}")
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
        return await self.saboteur.through(effect, Verb.LOOK, lambda: self.kind.look(effect, tools))

    async def do(self, effect: Effect, tools: Tools) -> Outcome:
        try:
            return await self.saboteur.through(effect, Verb.DO, lambda: self.kind.do(effect, tools))
        except _No as no:
            return no.said

    async def undo(self, effect: Effect, tools: Tools) -> None:
        await self.saboteur.through(effect, Verb.UNDO, lambda: self.kind.undo(effect, tools))


@dataclass(slots=True)
class Stage:
    """Where one case is played: parts whose tasks and binder are the fakes, on a disk that survives its processes."""

    parts: Parts
    tasks: FakeTasks
    binder: FakeBinder
    disk: Disk = field(default_factory=Disk)
    task: TaskId = TASK
    bound_s: float = CASE_BOUND_S
    deaths: int = 0
    takings_up: int = 0

    async def play(self, plan: Plan, mischiefs: Sequence[Mischief] = ()) -> End:
        """Play the plan to its end, through all deaths; unsettled tasks are taken up as the keeper would."""
        self.binder.plans[self.task] = plan
        with transaction(self.disk) as opened:
            FakeDurable(self.disk).enqueue(opened, self.task)
        async with asyncio.timeout(self.bound_s):
            return await self._live(mischiefs)

    async def _live(self, mischiefs: Sequence[Mischief]) -> End:
        interpreters: list[Interpreter] = []

        def ask_cancel() -> None:
            self.tasks.ask_cancel(self.task)
            interpreters[-1].cancels.look_now(self.task)

        saboteur = Saboteur(mischiefs, ask_cancel)
        for life in range(LIVES):
            parts = replace(self.parts, node=NodeId(f"node-{life}"), effects=saboteur.wrap(self.parts.effects))
            interpreters.append(Interpreter(parts))
            saboteur.crashed.clear()
            durable = FakeDurable(self.disk, node=parts.node, clock=parts.clock)
            await durable.launch(interpreters[-1])
            if await self._dies(durable, saboteur.crashed):
                self.deaths += 1
                continue
            end = await self.tasks.outcome(self.task)
            assert end is not None, f"no end was recorded: {self.disk.broken}"
            if end.state is not TaskState.UNSETTLED or end.is_parked:
                return end
            self.takings_up += 1
            await durable.resume(self.task, again=end.again + 1)
            await durable.die()
        raise AssertionError("the task comes to no end")

    async def _dies(self, durable: FakeDurable, crashed: asyncio.Event) -> bool:
        settling, crashing = asyncio.ensure_future(durable.settle()), asyncio.ensure_future(crashed.wait())
        await asyncio.wait({settling, crashing}, return_when=asyncio.FIRST_COMPLETED)
        has_crashed = crashed.is_set()
        if has_crashed:
            await durable.die()
        settling.cancel()
        crashing.cancel()
        await asyncio.gather(settling, crashing, return_exceptions=True)
        return has_crashed


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


__all__ = ["Deed", "Mischief", "Moment", "Saboteur", "Stage", "Verb", "every_moment"]
