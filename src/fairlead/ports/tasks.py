"""The book of tasks, as the durable engine keeps it: states, phases, cancel, and the frozen plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from fairlead.domain.effect import SaidNo
from fairlead.domain.ids import NodeId, TaskId
from fairlead.domain.plan import Plan
from fairlead.domain.task import PhaseState, TaskState


@dataclass(frozen=True, slots=True)
class End:
    """How a task ended. `reason` says it in words; `differences` what is not as it was (certificate)."""

    state: TaskState
    code: str = ""
    reason: str = ""
    hint: str = ""
    reached: str = ""
    evidence: tuple[str, ...] = ()
    differences: tuple[str, ...] = field(default=())


class Tasks(Protocol):
    """One transaction a verb; the same when asked twice."""

    async def begin(self, task: TaskId, node: NodeId) -> None:
        """Running, on that node; the time of the first beginning is kept."""
        ...

    async def freeze(self, task: TaskId, plan: Plan) -> None:
        """The bound plan is kept, once: a second freeze is ignored."""
        ...

    async def plan(self, task: TaskId) -> Plan:
        """The frozen plan; `NotFound` before it was frozen."""
        ...

    async def phase(self, task: TaskId, step: str, state: PhaseState, *, reason: str = "") -> None:
        """A named step is in that state now."""
        ...

    async def state(self, task: TaskId, state: TaskState) -> None:
        """The task is in that state, which is no end."""
        ...

    async def is_cancel_asked(self, task: TaskId) -> bool:
        """Whether a person asked to cancel it."""
        ...

    async def end(self, task: TaskId, end: End) -> None:
        """It ended so; its lock, if it held one, is given back in the same transaction, unless it is unsettled."""
        ...


class Binder(Protocol):
    """Makes the plan of a task from what is so *now*, under the task's lock: colours, addresses, container ids.

    It may refuse (law 4: the intention is not what was approved) with a `SaidNo`, and then nothing is done.
    """

    async def bind(self, task: TaskId) -> Plan | SaidNo:
        """The bound plan, ready to be frozen."""
        ...

    async def conclude(self, task: TaskId, end: End) -> End:
        """Called once all is done or undone, before the end is recorded: captures the state after, compares, and may
        turn the end into `unsettled` with its differences."""
        ...
