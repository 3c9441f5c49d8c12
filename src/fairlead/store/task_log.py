"""The log of tasks in the database: lines are handed over, batched by one thread, masked, numbered and kept."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

import sqlalchemy as sa
import structlog

from fairlead.domain.errors import FairleadError
from fairlead.domain.ids import TaskId
from fairlead.ports.clock import Clock
from fairlead.ports.task_log import Level, Line
from fairlead.store import task_lines, tasks
from fairlead.store.database import Database
from fairlead.store.secrets import StoreSecrets

BATCH_S = 0.25
BATCH_LINES = 200
LONGEST_LINE = 8 * 1024
LONGEST_TEXT = 1024 * 1024
"""Of one hand-over; what is over it is cut before anything else is done with it."""
LINES_KEPT = 200_000
LINES_WAITING = 20_000
"""Handed over and not yet kept: what a database that does not answer may cost in memory."""
POLL_S = 0.5
"""How often a follower looks by itself: lines that another node writes wake nobody here."""
READ_AT_ONCE = 500
RETRY_S = 1.0

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Flush:
    task: TaskId
    done: Future[None]


@dataclass(frozen=True, slots=True)
class _Batch:
    """What the thread keeps at once. `lost` counts lines without room, by task; `is_last` is so while closing."""

    lines: list[tuple[TaskId, Line]]
    flushes: list[_Flush]
    lost: dict[TaskId, int]
    is_last: bool


class StoreTaskLog:
    """ports.task_log. `close` keeps what was handed over; a killed process loses a quarter of a second at most."""

    def __init__(self, database: Database, secrets: StoreSecrets, clock: Clock) -> None:
        self._database = database
        self._secrets = secrets
        self._clock = clock
        self._waiting: deque[tuple[TaskId, Line]] = deque()
        self._flushes: list[_Flush] = []
        self._lost: dict[TaskId, int] = {}
        self._watchers: dict[TaskId, set[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}
        self._is_closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="task-log", daemon=True)
        self._thread.start()

    def write(self, task: TaskId, level: Level, step: str, text: str, *, target: str = "") -> None:
        """As the port says."""
        at = self._clock.now()
        made = [Line(0, at, level, step, target, part) for part in _lines_of(text)]
        with self._changed:
            room = LINES_WAITING - len(self._waiting)
            self._waiting.extend((task, line) for line in made[:room])
            if len(made) > room:
                self._lost[task] = self._lost.get(task, 0) + len(made) - room
            self._changed.notify()

    async def flush(self, task: TaskId) -> None:
        """As the port says."""
        done: Future[None] = Future()
        with self._changed:
            if self._is_closing and not self._thread.is_alive():
                return
            self._flushes.append(_Flush(task, done))
            self._changed.notify()
        await asyncio.wrap_future(done)

    async def read(self, task: TaskId, *, after: int = 0, limit: int = 1000) -> Sequence[Line]:
        """As the port says."""
        return await self._database.read(lambda connection: task_lines.read(connection, task, after=after, limit=limit))

    async def follow(self, task: TaskId, *, after: int = 0) -> AsyncIterator[Line]:
        """As the port says; NotFound `task.unknown` where there is no such task."""
        woken = asyncio.Event()
        watcher = (asyncio.get_running_loop(), woken)
        with self._changed:
            self._watchers.setdefault(task, set()).add(watcher)
        try:
            while True:
                woken.clear()
                has_ended = await self._database.read(lambda connection: tasks.get(connection, task).state.has_ended)
                if has_ended:
                    await self.flush(task)
                async for line in self._from(task, after):
                    after = line.number
                    yield line
                if has_ended:
                    return
                await _wait(woken, POLL_S)
        finally:
            with self._changed:
                self._watchers[task].discard(watcher)
                if not self._watchers[task]:
                    del self._watchers[task]

    def close(self) -> None:
        """All that was handed over is kept, or could not be; nothing is taken any more."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    async def _from(self, task: TaskId, after: int) -> AsyncIterator[Line]:
        while True:
            lines = await self.read(task, after=after, limit=READ_AT_ONCE)
            for line in lines:
                yield line
            if len(lines) < READ_AT_ONCE:
                return
            after = lines[-1].number

    # The thread

    def _work(self) -> None:
        while True:
            batch = self._take()
            was_kept = self._keep_all(batch.lines, batch.lost)
            if not was_kept and not batch.is_last:
                self._put_back(batch)
                continue
            is_over = self._drop(batch)
            self._wake({flush.task for flush in batch.flushes})
            for flush in batch.flushes:
                if flush.done.set_running_or_notify_cancel():  # not where who waited has gone away
                    flush.done.set_result(None)
            if is_over:
                return

    def _take(self) -> _Batch:
        """What is to be kept, once there is enough of it or somebody asked; its lines stay among those that wait."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._flushes or self._is_closing)
            self._changed.wait_for(self._is_due, timeout=BATCH_S)
            batch = _Batch(list(self._waiting), self._flushes, self._lost, self._is_closing)
            self._flushes, self._lost = [], {}
            return batch

    def _put_back(self, batch: _Batch) -> None:
        """The database did not take it: it is tried again after a pause."""
        with self._changed:
            for task, count in batch.lost.items():
                self._lost[task] = self._lost.get(task, 0) + count
            self._flushes = batch.flushes + self._flushes
            self._changed.wait_for(lambda: self._is_closing, timeout=RETRY_S)

    def _drop(self, batch: _Batch) -> bool:
        """Its lines wait no longer. Whether all is done, and the log is closing."""
        with self._changed:
            for _ in batch.lines:
                self._waiting.popleft()
            return batch.is_last and not self._waiting and not self._flushes

    def _is_due(self) -> bool:
        return len(self._waiting) >= BATCH_LINES or bool(self._flushes) or self._is_closing

    def _keep_all(self, batch: list[tuple[TaskId, Line]], lost: dict[TaskId, int]) -> bool:
        by_task: dict[TaskId, list[Line]] = {}
        for task, line in batch:
            by_task.setdefault(task, []).append(line)
        for task, count in lost.items():
            at = self._clock.now()
            said = f"{count} lines were lost while the database did not answer"
            by_task.setdefault(task, []).append(Line(0, at, "warning", "", "", said))
        if not by_task:
            return True
        try:
            with self._database.transaction() as connection:
                for task, lines in by_task.items():
                    self._keep(connection, task, lines)
        except FairleadError as error:
            _log.warning("task_log.not_kept", lines=len(batch), code=error.code, reason=error.message)
            return False
        except Exception:  # noqa: BLE001 the rim of the thread: one bad line must not silence all later
            _log.exception("task_log.dropped", lines=len(batch))
            return True
        self._wake(by_task)
        return True

    def _keep(self, connection: sa.Connection, task: TaskId, lines: list[Line]) -> None:
        mask = self._secrets.mask(connection, task)
        last = task_lines.last_number(connection, task)
        numbered = [
            replace(line, number=last + position, text=_cut(mask.apply(line.text)))
            for position, line in enumerate(lines, 1)
        ]
        fitting = [line for line in numbered if line.number < LINES_KEPT]
        task_lines.append(connection, task, fitting)
        over = len(numbered) - len(fitting)
        if over:
            _close(connection, task, numbered[-1], over, is_closed=last >= LINES_KEPT)

    def _wake(self, tasks_told: Iterable[TaskId]) -> None:
        with self._changed:
            woken = [watcher for task in tasks_told for watcher in self._watchers.get(task, ())]
        for loop, event in woken:
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:  # its loop is closed: nobody waits there any more
                continue


def _close(connection: sa.Connection, task: TaskId, last: Line, over: int, *, is_closed: bool) -> None:
    """The closing line counts what was not kept."""
    if is_closed:
        held = task_lines.read(connection, task, after=LINES_KEPT - 1, limit=1)[0].text
        over += int(held.split()[0])
    closing = Line(LINES_KEPT, last.at, "warning", "", "", f"{over} more lines were not kept")
    if is_closed:
        task_lines.replace(connection, task, closing)
    else:
        task_lines.append(connection, task, [closing])


def _lines_of(text: str) -> list[str]:
    cut = text[:LONGEST_TEXT].replace("\0", "�").encode(errors="replace").decode()
    return re.split(r"\r?\n", cut.rstrip("\r\n"))


def _cut(text: str) -> str:
    if len(text) <= LONGEST_LINE:
        return text
    return f"{text[:LONGEST_LINE]}… ({len(text) - LONGEST_LINE} more characters)"


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
