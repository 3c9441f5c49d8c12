"""The book of tasks as the durable engine keeps it: ports.tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from fairlead.domain.errors import NotFound
from fairlead.domain.ids import NodeId, TaskId
from fairlead.domain.plan import Plan
from fairlead.domain.task import Task, TaskState
from fairlead.ports.clock import Clock
from fairlead.ports.tasks import Begun, End, PhaseTold
from fairlead.store import tasks
from fairlead.store.database import Database


def _say_nothing(connection: sa.Connection, task: Task) -> None:
    """Nobody listens."""


def _keep_the_place(connection: sa.Connection, task: Task, holds: bool) -> None:
    """Nobody listens."""


LEFT = (TaskState.UNSETTLED, TaskState.PAUSED)
"""States in which no run of a task is under way: who writes then comes late."""


def _has_told(end: End | None, again: int) -> bool:
    """Whether the run of that number, or a later one, has told its end: it is over, whatever its process thinks."""
    return end is not None and end.again >= again


@dataclass(frozen=True, slots=True)
class TaskListener:
    """Who is told, inside the same transaction: so that a deployment's row, the next in line and what a lifecycle
    begins by itself commit together with the task's.

    `changed`: the task is in another state now, which is no end. `ended`: it ended, told once; its turn is given back.
    `paused`: a person is waited for; told with whether it holds what would be undone.
    """

    changed: Callable[[sa.Connection, Task], None] = _say_nothing
    ended: Callable[[sa.Connection, Task], None] = _say_nothing
    paused: Callable[[sa.Connection, Task, bool], None] = _keep_the_place


class StoreTasks:
    """One transaction a verb; the same when asked twice. `after` is called once a transaction with an end is
    committed (to wake the engine's queue)."""

    def __init__(
        self, database: Database, clock: Clock, listener: TaskListener | None = None, after: Callable[[], object] = bool
    ) -> None:
        self._database = database
        self._clock = clock
        self._listener = listener or TaskListener()
        self._after: Callable[[], object] = after

    async def begin(self, task: TaskId, node: NodeId, *, again: int = 0) -> Begun:
        """As the port says. A task that was undoing stays so; one that stood unsettled is taken up again."""

        def work(connection: sa.Connection) -> Begun:
            found = tasks.get(connection, task)
            end, plan = tasks.outcome(connection, task), tasks.plan_of(connection, task)
            begun = Begun(end, plan, found.is_cancel_asked, found.again)
            if found.state.has_ended or found.again > again or _has_told(end, again):
                return begun
            waits = found.state in (TaskState.QUEUED, TaskState.UNSETTLED)
            state = TaskState.RUNNING if waits else found.state
            begun_at = found.begun_at or self._clock.now()
            tasks.change(connection, task, state=state.value, node=node, begun_at=begun_at)
            if state is not found.state:
                self._listener.changed(connection, tasks.get(connection, task))
            return begun

        return await self._database.write(work)

    async def pause(self, task: TaskId, *, again: int, holds: bool) -> None:
        """As the port says; who gives the place back, and begins the next run, is the listener."""

        def work(connection: sa.Connection) -> None:
            found = tasks.get(connection, task)
            if found.state.has_ended or found.state is TaskState.PAUSED or found.again > again:
                return
            tasks.change(connection, task, state=TaskState.PAUSED.value)
            self._listener.paused(connection, tasks.get(connection, task), holds)

        await self._database.write(work)
        self._after()

    async def freeze(self, task: TaskId, plan: Plan) -> None:
        """As the port says."""
        await self._database.write(lambda connection: tasks.freeze(connection, task, plan, at=self._clock.now()))

    async def plan(self, task: TaskId) -> Plan:
        """As the port says."""
        found = await self._database.read(lambda connection: tasks.plan_of(connection, task))
        if found is None:
            raise NotFound("task.unknown", f"the task {task} has no frozen plan", thing=task)
        return found

    async def phases(self, task: TaskId, told: Sequence[PhaseTold]) -> None:
        """As the port says."""

        def work(connection: sa.Connection) -> None:
            tasks.set_phases(connection, task, told)

        await self._database.write(work)

    async def state(self, task: TaskId, state: TaskState) -> None:
        """As the port says; an ended task stays as it ended, and one that no run has begun again as it was left."""

        def work(connection: sa.Connection) -> None:
            found = tasks.get(connection, task)
            if found.state.has_ended or found.state in (state, *LEFT):
                return
            if not tasks.change(connection, task, tasks.tasks.c.state == found.state.value, state=state.value):
                return
            if state is TaskState.UNDOING:
                tasks.change(connection, task, tasks.tasks.c.undoing_at.is_(None), undoing_at=self._clock.now())
            self._listener.changed(connection, tasks.get(connection, task))

        await self._database.write(work)

    async def is_cancel_asked(self, task: TaskId) -> bool:
        """As the port says."""
        found = await self._database.read(lambda connection: tasks.get(connection, task))
        return found.is_cancel_asked

    async def end(self, task: TaskId, end: End) -> None:
        """As the port says."""

        def work(connection: sa.Connection) -> None:
            found = tasks.get(connection, task)
            if found.state.has_ended or (end.again and _has_told(tasks.outcome(connection, task), end.again)):
                return
            as_found = [tasks.tasks.c.state == found.state.value]
            if not end.again:  # a first run has told none if none was ever told: nothing has to be asked for that
                as_found.append(tasks.tasks.c.end.is_(None))
            if not tasks.finish(connection, task, end, *as_found, at=self._clock.now()):
                return
            now = tasks.get(connection, task)
            if end.state.has_ended:
                tasks.give_turn_back(connection, task)
                self._listener.ended(connection, now)
            elif end.state is not found.state:
                self._listener.changed(connection, now)

        await self._database.write(work)
        self._after()

    async def outcome(self, task: TaskId) -> End | None:
        """As the port says."""
        return await self._database.read(lambda connection: tasks.outcome(connection, task))

    async def unsettled(self) -> Mapping[TaskId, End]:
        """As the port says."""
        return await self._database.read(tasks.unsettled)
