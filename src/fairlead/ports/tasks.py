"""The book of tasks, as the durable engine keeps it: states, phases, cancel, and the frozen plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from fairlead.domain.effect import SaidNo
from fairlead.domain.ids import NodeId, TaskId
from fairlead.domain.plan import Plan
from fairlead.domain.task import PhaseState, TaskState


@dataclass(frozen=True, slots=True)
class End:
    """How a task ended, or how it stands unsettled. `reason` says it in words; `reached` is the last step that ended.

    `differences` say what is not as it was (certificate). `again` is the number of the run that ended so (see
    `ports.durable.Journal`). `is_parked` is true for an unsettled task that waits for a person (a bug stopped it) and
    is not taken up by itself. `tried` says of an unsettled task what could not be done or undone, and `commands` what
    a person can run on the host to settle it. `has_begun` is false where surely nothing was begun: something said no
    before.
    """

    state: TaskState
    code: str = ""
    reason: str = ""
    hint: str = ""
    reached: str = ""
    evidence: tuple[str, ...] = ()
    differences: tuple[str, ...] = field(default=())
    again: int = 0
    is_parked: bool = False
    tried: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    has_begun: bool = True


@dataclass(frozen=True, slots=True)
class PhaseTold:
    """A named step of a task is in that state since then."""

    step: str
    state: PhaseState
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """A task as it was found when it was begun. `end`: how it ended before, or was left unsettled; `plan`: the frozen
    one, None before it was frozen. `again`: which run of the task is the newest that an answer began; an older one is
    over, whatever its process thinks."""

    end: End | None = None
    plan: Plan | None = None
    is_cancel_asked: bool = False
    again: int = 0


class Tasks(Protocol):
    """One transaction a verb; the same when asked twice. A task that has ended is not changed by any of them."""

    async def begin(self, task: TaskId, node: NodeId, *, again: int = 0) -> Begun:
        """Running, on that node; the time of the first beginning is kept. What was so before is told. `again` is the
        number of the run; one that is over (it has told its end, or a later one was begun) changes nothing."""
        ...

    async def pause(self, task: TaskId, *, again: int, holds: bool) -> None:
        """A person is waited for, and the run `again` is over. Where the task `holds` nothing that would be undone, it
        gives its place back, and is planned anew when it goes on. Where all answers are there by now, or a cancel was
        asked, its next run begins at once. Nothing where a later run was begun before."""
        ...

    async def freeze(self, task: TaskId, plan: Plan) -> None:
        """The bound plan is kept, once: a second freeze is ignored."""
        ...

    async def plan(self, task: TaskId) -> Plan:
        """The frozen plan; `NotFound` before it was frozen."""
        ...

    async def phases(self, task: TaskId, told: Sequence[PhaseTold]) -> None:
        """Named steps came to these states, in this order; the times of the first *running* and of the end are kept."""
        ...

    async def state(self, task: TaskId, state: TaskState) -> None:
        """The task is in that state, which is no end. Nothing where no run of it is under way: it stands unsettled, or
        waits.

        From `undoing` on, the store refuses the task's commit point (`Records.commit`) with `Conflict`, in the same
        transaction: who has begun to undo must never be committed by a writer that comes late.
        """
        ...

    async def is_cancel_asked(self, task: TaskId) -> bool:
        """Whether a person asked to cancel it."""
        ...

    async def end(self, task: TaskId, end: End) -> None:
        """It ended so; its lock, if it held one, is given back in the same transaction, unless it is unsettled.

        Ending as unsettled may be followed by the end of a later run; any other end is the last. Each run tells one
        end: what it tells later is ignored.
        """
        ...

    async def outcome(self, task: TaskId) -> End | None:
        """How it ended, or was last left unsettled; None before either."""
        ...

    async def unsettled(self) -> Mapping[TaskId, End]:
        """Tasks whose state is unsettled now: not those that are being taken up again."""
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
        turn the end into `unsettled` with its differences. Safe to repeat; called again when the task is taken up."""
        ...


class Pivot(Protocol):
    """Whether a task is past its commit point, read from our own row (law 2), never from a checkpoint."""

    async def __call__(self, task: TaskId) -> bool:
        """Once true, always true. Asked for an undo only after `Tasks.state(task, UNDOING)`."""
        ...
