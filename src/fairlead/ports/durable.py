"""Durable execution: a task's body is run to its end, whatever dies on the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from fairlead.domain.ids import TaskId
from fairlead.domain.record import Json


class Reservation(Protocol):
    """A place in a task's journal, drawn in a fixed order before anything runs side by side."""


class Journal(Protocol):
    """What a body may do durably.

    `reserve` must be called in the same order on every replay, so it is called for the whole frozen plan before the
    first branch starts. `record` runs `work` at least once and keeps what it returned: on a replay the kept value is
    returned and `work` is not run. `work` never raises for news: it returns data. An exception out of it is a bug and
    ends the task parked.
    """

    task: TaskId

    def reserve(self) -> Reservation:
        """The next place."""
        ...

    async def record(self, place: Reservation, name: str, work: Callable[[], Awaitable[Json]]) -> Json:
        """The kept value of that place, made by `work` if there is none."""
        ...


Body: TypeAlias = "Callable[[Journal], Awaitable[None]]"


class Durable(Protocol):
    """Runs bodies. One for each process.

    `launch` takes over what earlier processes left (at once on SQLite, where this process holds the database alone;
    after the lease ran out on PostgreSQL). `enqueue` takes the caller's open transaction, so that our row and the queue
    entry commit together, and wakes this node after the commit. A body whose task id was enqueued twice runs once.
    `drain` starts no new step, waits for those in flight, and gives the rest to whoever comes next.
    """

    async def launch(self, body: Body) -> None:
        """Ready, and taking work."""
        ...

    def enqueue(self, transaction: object, task: TaskId) -> None:
        """The task will run once the transaction commits. `transaction` is the store's open connection."""
        ...

    def wake(self) -> None:
        """Look at the queue now; called after the transaction committed, from any thread."""
        ...

    async def drain(self, *, bound_s: float) -> None:
        """Stop at the next step boundary; returns at the bound at the latest."""
        ...
