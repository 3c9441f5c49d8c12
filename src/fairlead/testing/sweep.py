"""Crash sweeps: play a plan once for each thing that can go wrong at each of its effects, and look how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from fairlead.domain.ids import NodeId, TaskId
from fairlead.domain.plan import Plan
from fairlead.domain.task import TaskState
from fairlead.engine.fence import fenced
from fairlead.engine.interpreter import Interpreter
from fairlead.engine.parts import Parts
from fairlead.ports.tasks import End
from fairlead.testing.fake_durable import Disk, FakeDurable, transaction
from fairlead.testing.fake_tasks import FakeBinder, FakeTasks
from fairlead.testing.mischief import Deed, Mischief, Moment, Saboteur, Verb, every_moment

LIVES = 20
"""How often a node may die, and a task be taken up, in one case."""

CASE_BOUND_S = 20.0

TASK = TaskId("task-1")


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
    pauses: int = 0
    struck: int = 0
    answer: Callable[[Stage], None] | None = None

    async def play(self, plan: Plan, mischiefs: Sequence[Mischief] = ()) -> End:
        """Play the plan to its end, through all deaths; unsettled tasks are taken up as the keeper would."""
        self.binder.plans[self.task] = plan
        with transaction(self.disk) as opened:
            FakeDurable(self.disk).enqueue(opened, self.task)
        async with asyncio.timeout(self.bound_s):
            return await self._live(mischiefs)

    async def _live(self, mischiefs: Sequence[Mischief]) -> End:
        interpreters: list[Interpreter] = []
        asleep: list[FakeDurable] = []

        def ask_cancel() -> None:
            self.tasks.ask_cancel(self.task)
            interpreters[-1].cancels.look_now(self.task)

        saboteur = Saboteur(mischiefs, ask_cancel)
        for life in range(LIVES):
            durable = FakeDurable(self.disk, node=f"node-{life}", clock=self.parts.clock)
            interpreters.append(Interpreter(self._node(durable, saboteur)))
            saboteur.crashed.clear()
            await durable.launch(interpreters[-1])
            if await self._is_gone(durable, saboteur, was_asleep=bool(asleep)):
                asleep += [durable] if not saboteur.crashed.is_set() else []
                continue
            if self.tasks.entry(self.task).state is TaskState.PAUSED:
                self.pauses += 1
                assert self.answer is not None, "the task waits for a person, and nobody answers"
                self.answer(self)
                await durable.resume(self.task, again=self.tasks.go_on(self.task))
                await durable.die()
                continue
            end = await self.tasks.outcome(self.task)
            assert end is not None, f"no end was recorded: {self.disk.broken}"
            if end.state is not TaskState.UNSETTLED or end.is_parked:
                await self._wake(asleep, saboteur)
                self.struck = sum(saboteur.struck.values())
                return end
            self.takings_up += 1
            await durable.resume(self.task, again=end.again + 1)
            await durable.die()
        raise AssertionError("the task comes to no end")

    def _node(self, durable: FakeDurable, saboteur: Saboteur) -> Parts:
        return replace(
            self.parts,
            node=NodeId(durable.node),
            effects=saboteur.wrap(self.parts.effects),
            tools=fenced(self.parts.tools, lambda: durable.require(self.task)),
        )

    async def _is_gone(self, durable: FakeDurable, saboteur: Saboteur, *, was_asleep: bool) -> bool:
        """Whether it died or was suspended, before all that it had taken was over."""
        signs = [saboteur.crashed.wait()] if was_asleep else [saboteur.crashed.wait(), saboteur.frozen.wait()]
        waiting = [asyncio.ensure_future(durable.settle()), *(asyncio.ensure_future(sign) for sign in signs)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        has_crashed = saboteur.crashed.is_set()
        is_frozen = saboteur.frozen.is_set() and not was_asleep
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        if has_crashed:
            self.deaths += 1
            await durable.die()
        return has_crashed or is_frozen

    async def _wake(self, asleep: Sequence[FakeDurable], saboteur: Saboteur) -> None:
        """Who was suspended goes on where it stood, and what was still under way behind our back comes to its end."""
        saboteur.thawed.set()
        for durable in asleep:
            await durable.settle()
        await asyncio.gather(*saboteur.strays, return_exceptions=True)


__all__ = ["Deed", "Mischief", "Moment", "Saboteur", "Stage", "Verb", "every_moment"]
