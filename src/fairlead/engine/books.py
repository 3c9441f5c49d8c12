"""Our own books as the engine writes them: asked again while the store does not answer."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from fairlead.domain.errors import TimedOut, Unreachable
from fairlead.domain.ids import NodeId, TaskId
from fairlead.domain.task import PhaseState, TaskState
from fairlead.engine.parts import Parts
from fairlead.engine.phases import Phases
from fairlead.ports.clock import Clock
from fairlead.ports.durable import Journal
from fairlead.ports.task_log import Level
from fairlead.ports.tasks import Begun, End, PhaseTold

T = TypeVar("T")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Books:
    """The verbs of `Tasks` and the pivot for one run. No answer is no answer: never taken for a yes or a no."""

    parts: Parts
    journal: Journal
    phases: Phases = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "phases", Phases(self._keep_phases))

    @property
    def clock(self) -> Clock:
        """The clock of the parts."""
        return self.parts.clock

    def say(self, task: TaskId, level: Level, step: str, text: str, *, target: str = "") -> None:
        """A line in the task's log."""
        self.parts.task_log.write(task, level, step, text, target=target)

    def say_bug(self, task: TaskId, step: str, what: str, raised: Exception) -> None:
        """The traceback, for the person who will look."""
        log.error("task.bug", task=task, step=step, what=what, error=repr(raised))
        text = "".join(traceback.format_exception(raised))
        self.say(task, "error", step, f"{what}: a bug in Fairlead stopped this (step.bug)\n{text}")

    async def begin(self, task: TaskId, node: NodeId, *, again: int) -> Begun:
        """As `Tasks.begin`."""
        return await self.ask(lambda: self.parts.tasks.begin(task, node, again=again))

    async def pause(self, task: TaskId, *, again: int, holds: bool) -> None:
        """As `Tasks.pause`, with all lines kept before."""
        await self.phases.settle()
        await self.parts.task_log.flush(task)
        await self.ask(lambda: self.parts.tasks.pause(task, again=again, holds=holds))

    def phase(self, task: TaskId, step: str, state: PhaseState, *, reason: str = "") -> None:
        """As `Tasks.phases`, soon: in the order of the calls, and before the task's end."""
        self.phases.tell(PhaseTold(step, state, self.clock.now(), reason))

    async def state(self, task: TaskId, state: TaskState) -> None:
        """As `Tasks.state`."""
        await self.ask(lambda: self.parts.tasks.state(task, state))

    async def is_cancel_asked(self, task: TaskId) -> bool:
        """As `Tasks.is_cancel_asked`."""
        return await self.ask(lambda: self.parts.tasks.is_cancel_asked(task))

    async def is_committed(self, task: TaskId) -> bool:
        """As the pivot says."""
        return await self.ask(lambda: self.parts.pivot(task))

    async def end(self, task: TaskId, end: End) -> None:
        """As `Tasks.end`, with all lines kept before; who follows the log hears of the end at once."""
        await self.phases.settle()
        await self.parts.task_log.flush(task)
        await self.ask(lambda: self.parts.tasks.end(task, end))
        await self.parts.task_log.flush(task)

    async def _keep_phases(self, told: Sequence[PhaseTold]) -> None:
        await self.ask(lambda: self.parts.tasks.phases(self.journal.task, told))

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """The answer of the store, however long it takes to come back."""
        tries = 0
        while True:
            try:
                return await question()
            except (Unreachable, TimedOut) as failed:
                tries += 1
                log.warning("store.no_answer", error=str(failed), tries=tries)
                await self.journal.pause(self.parts.patience.pause_s(tries))
