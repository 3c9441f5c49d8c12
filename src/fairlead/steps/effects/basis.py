"""What effect kinds share: reading their arguments, and the answers of those that need not look or take back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

from fairlead.domain.effect import Looked, NotYet
from fairlead.domain.plan import Effect
from fairlead.domain.record import Json, from_data, to_data
from fairlead.ports.step import Tools

Arguments = TypeVar("Arguments")
T = TypeVar("T")


class Plain:
    """An effect kind that is simply done again when asked again, and leaves nothing to take back."""

    async def look(self, effect: Effect, tools: Tools) -> Looked:
        """It cannot be told from outside, or asking costs as much as doing."""
        return NotYet()

    async def undo(self, effect: Effect, tools: Tools) -> None:
        """There is nothing to take back."""


def arguments(value: object) -> Mapping[str, Json]:
    """A frozen dataclass as an effect carries it."""
    return cast("Mapping[str, Json]", to_data(value))


def read(kind: type[Arguments], effect: Effect) -> Arguments:
    """The effect's arguments back."""
    return from_data(kind, dict(effect.arguments))


async def what_was_noted(name: str, tools: Tools) -> Mapping[str, Json] | None:
    """What an effect noted of itself with its task under that name, in this run of it or one before."""
    noted = await tools.records.fact(tools.task, name)
    return noted if isinstance(noted, dict) else None


async def all_of(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """All at once; every one has ended when this returns, and the first error, if any, is raised as it was."""
    async with side_by_side() as group:
        for one in work:
            group.create_task(one)


@asynccontextmanager
async def side_by_side() -> AsyncIterator[asyncio.TaskGroup]:
    """A group of tasks that have all ended at its end; the first error, if any, is raised as it was."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failed:  # a run that is not ours any more, too
        raise failed.exceptions[0] from failed


@asynccontextmanager
async def meanwhile(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """The work, begun, for whoever may want what it comes to; ended, and forgotten, where nobody did."""
    begun = asyncio.ensure_future(work)
    try:
        yield begun
    finally:
        begun.cancel()
        await asyncio.wait({begun})
        if not begun.cancelled():
            begun.exception()
