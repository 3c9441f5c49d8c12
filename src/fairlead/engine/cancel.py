"""Cancelling: what a person asked reaches the running effect at once here, within a poll's time from another node."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import structlog

from fairlead.domain.ids import TaskId
from fairlead.engine.books import Books
from fairlead.engine.scope import Scope

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Watched:
    loop: asyncio.AbstractEventLoop
    look: asyncio.Event


@dataclass(frozen=True, slots=True)
class Cancels:
    """The tasks of this process that can still be cancelled: those before their commit point."""

    _watched: dict[TaskId, _Watched] = field(default_factory=dict)

    def look_now(self, task: TaskId) -> None:
        """Somebody asked to cancel it, and our row says so; called after that commit, from any thread."""
        if watched := self._watched.get(task):
            watched.loop.call_soon_threadsafe(watched.look.set)

    @contextmanager
    def watch(self, task: TaskId, books: Books, poll_s: float) -> Iterator[Scope]:
        """A scope that is stopped once a cancel is asked from now on; who enters asks for what was asked before."""
        scope = Scope()
        watched = _Watched(asyncio.get_running_loop(), asyncio.Event())
        self._watched[task] = watched
        watcher = asyncio.ensure_future(_look_out(task, books, scope, watched.look, poll_s))
        try:
            yield scope
        finally:
            self._watched.pop(task, None)
            watcher.cancel()


async def _look_out(task: TaskId, books: Books, scope: Scope, look: asyncio.Event, poll_s: float) -> None:
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(poll_s):
                await look.wait()
        look.clear()
        try:
            if await books.parts.tasks.is_cancel_asked(task):
                scope.stop()
                return
        except Exception as failed:  # noqa: BLE001 - the rim of the watch: a cancel must be heard later at least
            log.warning("cancel.not_asked", task=task, error=repr(failed))
