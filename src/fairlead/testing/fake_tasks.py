"""The book of tasks in memory, and a binder that gives what it was given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fairlead.domain.effect import SaidNo
from fairlead.domain.errors import NotFound
from fairlead.domain.ids import NodeId, TaskId
from fairlead.domain.plan import Plan
from fairlead.domain.record import from_data, to_data
from fairlead.domain.task import PhaseState, TaskState
from fairlead.ports.tasks import Begun, End, PhaseTold
from fairlead.testing.fake_task_log import FakeTaskLog

__all__ = ["FakeBinder", "FakeTaskLog", "FakeTasks", "TaskEntry"]


@dataclass(slots=True)
class TaskEntry:
    """All that is written of one task."""

    state: TaskState = TaskState.QUEUED
    states: list[TaskState] = field(default_factory=list)
    node: str = ""
    plan: object = None
    read: Plan | None = None
    phases: dict[str, PhaseState] = field(default_factory=dict)
    is_cancel_asked: bool = False
    end: End | None = None
    has_lock: bool = True
    again: int = 0


class FakeTasks:
    """`ports.tasks.Tasks` in memory. It outlives the processes that a test lets die."""

    def __init__(self) -> None:
        self.entries: dict[TaskId, TaskEntry] = {}

    def entry(self, task: TaskId) -> TaskEntry:
        """What is written of the task."""
        return self.entries.setdefault(task, TaskEntry())

    def ask_cancel(self, task: TaskId) -> None:
        """A person asks to cancel it."""
        self.entry(task).is_cancel_asked = True

    async def begin(self, task: TaskId, node: NodeId, *, again: int = 0) -> Begun:
        entry = self.entry(task)
        begun = Begun(entry.end, self._frozen(entry), entry.is_cancel_asked, entry.again)
        if again < entry.again or _has_told(entry.end, again):
            return begun
        entry.node = node
        if not entry.state.has_ended:
            entry.state = TaskState.QUEUED
        await self.state(task, TaskState.RUNNING)
        return begun

    async def pause(self, task: TaskId, *, again: int, holds: bool) -> None:
        entry = self.entry(task)
        if again < entry.again or entry.state.has_ended:
            return
        await self.state(task, TaskState.PAUSED)
        if not holds:
            entry.has_lock, entry.plan, entry.read = False, None, None

    def go_on(self, task: TaskId) -> int:
        """The number of the next run, as an answer begins it."""
        entry = self.entry(task)
        entry.again += 1
        entry.state, entry.has_lock = TaskState.QUEUED, True
        return entry.again

    async def freeze(self, task: TaskId, plan: Plan) -> None:
        entry = self.entry(task)
        if entry.plan is None:
            entry.plan = to_data(plan)

    async def plan(self, task: TaskId) -> Plan:
        found = self._frozen(self.entry(task))
        if found is None:
            raise NotFound("task.unknown", "the task has no frozen plan", thing=task)
        return found

    def _frozen(self, entry: TaskEntry) -> Plan | None:
        if entry.read is None and entry.plan is not None:
            entry.read = from_data(Plan, entry.plan)  # type: ignore[arg-type]
        return entry.read

    async def phases(self, task: TaskId, told: Sequence[PhaseTold]) -> None:
        self.entry(task).phases |= {one.step: one.state for one in told}

    async def state(self, task: TaskId, state: TaskState) -> None:
        entry = self.entry(task)
        if not entry.state.has_ended and entry.state not in (TaskState.UNSETTLED, TaskState.PAUSED):
            entry.state = state
            entry.states.append(state)

    async def is_cancel_asked(self, task: TaskId) -> bool:
        return self.entry(task).is_cancel_asked

    async def end(self, task: TaskId, end: End) -> None:
        entry = self.entry(task)
        if entry.state.has_ended or _has_told(entry.end, end.again):
            return
        entry.state, entry.end = end.state, end
        entry.states.append(end.state)
        entry.has_lock = end.state is TaskState.UNSETTLED

    async def outcome(self, task: TaskId) -> End | None:
        return self.entry(task).end

    async def unsettled(self) -> Mapping[TaskId, End]:
        return {
            task: entry.end
            for task, entry in self.entries.items()
            if entry.state is TaskState.UNSETTLED and entry.end is not None
        }


def _has_told(end: End | None, again: int) -> bool:
    return end is not None and end.again >= again


class FakeBinder:
    """`ports.tasks.Binder`: the plan given for a task, and an end that a test may look at or turn."""

    def __init__(self) -> None:
        self.plans: dict[TaskId, Plan | SaidNo] = {}
        self.bound: list[TaskId] = []
        self.concluded: list[End] = []
        self.turn: Callable[[End], End] = lambda end: end

    async def bind(self, task: TaskId) -> Plan | SaidNo:
        self.bound.append(task)
        return self.plans[task]

    async def conclude(self, task: TaskId, end: End) -> End:
        self.concluded.append(end)
        return self.turn(end)
