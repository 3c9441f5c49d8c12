"""Durable execution: a task's body is run to its end, whatever dies on the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol, TypeAlias

from fairlead.domain.ids import TaskId
from fairlead.domain.record import Json


class Abandoned(BaseException):
    """This run is not ours any more: another owner has it, or will have it. It passes through everything.

    Not an `Exception`, so that no rim takes it for a bug and records an end for a task that goes on elsewhere.
    """


class Reservation(Protocol):
    """A place in a task's journal, drawn in a fixed order before anything runs side by side."""


class Journal(Protocol):
    """What a body may do durably.

    `reserve` must be called in the same order on every replay, so it is called for the whole frozen plan before the
    first branch starts. `record` runs `work` at least once and keeps what it returned: on a replay the kept value is
    returned and `work` is not run. `work` never raises for news: it returns data. An exception out of it is a bug and
    ends the run. A place is used once. While draining, `record` does not start `work` but waits for ever; when the
    run is lost to another owner, `work` is cancelled and `Abandoned` raised.

    `again` says which run of the task this is: 0 the first; later ones go on after a pause, or take up a task that
    stood unsettled. Each run has a journal of its own.
    """

    task: TaskId
    again: int

    def reserve(self) -> Reservation:
        """The next place."""
        ...

    async def record(self, place: Reservation, name: str, work: Callable[[], Awaitable[Json]]) -> Json:
        """The kept value of that place, made by `work` if there is none."""
        ...

    async def pause(self, seconds: float) -> None:
        """Wait, inside `work` or outside; the pause does not hold up a drain, and never ends while draining."""
        ...

    async def earlier(self) -> Mapping[str, Json]:
        """What the runs of this task before this one kept, by name; the latest under a name holds."""
        ...


Body: TypeAlias = "Callable[[Journal], Awaitable[None]]"


class Durable(Protocol):
    """Runs bodies. One for each process; at most a set number of bodies at a time, the others wait in the queue.

    `launch` takes over what earlier processes left (at once on SQLite, where this process holds the database alone;
    after the lease ran out on PostgreSQL). `enqueue` takes the caller's open transaction, so that our row and the queue
    entry commit together. A body whose task id was enqueued twice runs once.
    `drain` starts no new step, waits for those in flight, and gives the rest to whoever comes next.
    """

    async def launch(self, body: Body) -> None:
        """Ready, and taking work."""
        ...

    def enqueue(self, transaction: object, task: TaskId, *, again: int = 0) -> None:
        """The task will run once the transaction commits. `transaction` is the store's open connection; `again` the
        number of the run, where it goes on after a pause."""
        ...

    async def resume(self, task: TaskId, *, again: int) -> None:
        """The task that stands unsettled gets its run number `again`; asked twice for one number, it runs once."""
        ...

    def wake(self) -> None:
        """Look at the queue now; called after the transaction committed, from any thread."""
        ...

    async def drain(self, *, bound_s: float) -> None:
        """Stop at the next step boundary; returns at the bound at the latest. No work is taken after it."""
        ...

    async def close(self) -> None:
        """After `drain`: runs that are parked end here (not elsewhere), and nothing of the engine is left running."""
        ...

    async def forget(self, before: datetime) -> int:
        """Journals of runs that ended before that time are deleted; how many."""
        ...
