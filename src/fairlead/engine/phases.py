"""The phases that people see, kept in order beside the work: no step waits for them, the task's end does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Phases:
    """What is told is written one after another by one child of the run; a replay tells finished steps again, so that
    what a death left unwritten is made good."""

    _last: asyncio.Task[None] | None = None

    def tell(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write it once all that was told before is written."""
        self._last = asyncio.ensure_future(_after(self._last, write))

    async def settle(self) -> None:
        """All that was told is written; what went wrong with it is raised once."""
        last, self._last = self._last, None
        if last is not None:
            await last

    def abandon(self) -> None:
        """What is not written yet is not written by this run."""
        if self._last is not None:
            self._last.cancel()


async def _after(before: asyncio.Task[None] | None, write: Callable[[], Awaitable[None]]) -> None:
    if before is not None:
        await before
    await write()
