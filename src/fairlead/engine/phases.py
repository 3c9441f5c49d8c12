"""The phases that people see, kept in order beside the work: no step waits for them, the task's end does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from fairlead.ports.tasks import PhaseTold

SOON_S = 0.1
"""So long what is told is gathered, and written in one transaction: each would hold up the journal's own. Nobody sees
that a page is a tenth of a second behind."""


@dataclass(slots=True)
class Phases:
    """What is told is written by one child of the run; a replay tells finished steps again, so that what a death left
    unwritten is made good."""

    write: Callable[[Sequence[PhaseTold]], Awaitable[None]]
    _told: list[PhaseTold] = field(default_factory=list)
    _now: asyncio.Event = field(default_factory=asyncio.Event)
    _writing: asyncio.Task[None] | None = None

    def tell(self, told: PhaseTold) -> None:
        """It will be written soon, after all that was told before."""
        self._told.append(told)
        if self._writing is None:
            self._writing = asyncio.ensure_future(self._write_soon())

    async def settle(self) -> None:
        """All that was told is written; what went wrong with it is raised once."""
        self._now.set()
        try:
            if self._writing is not None:
                await self._writing
        finally:
            self._now.clear()
            self._writing = None

    def abandon(self) -> None:
        """What is not written yet is not written by this run."""
        if self._writing is not None:
            self._writing.cancel()

    async def _write_soon(self) -> None:
        while self._told:
            try:
                async with asyncio.timeout(SOON_S):
                    await self._now.wait()
            except TimeoutError:
                pass
            told, self._told = self._told, []
            await self.write(told)
        self._writing = None
