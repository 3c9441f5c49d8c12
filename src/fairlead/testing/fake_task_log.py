"""A task log in memory: it keeps at once, masks what a FakeSecrets handed out, and is told when tasks end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from fairlead.domain.ids import TaskId
from fairlead.ports.clock import Clock
from fairlead.ports.task_log import Level, Line
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_secrets import FakeSecrets

LONGEST_LINE = 8 * 1024
LINES_KEPT = 200_000


class FakeTaskLog:
    """`ports.task_log.TaskLog`. A task that `end` was never called for goes on, and so do its followers."""

    def __init__(self, clock: Clock | None = None, secrets: FakeSecrets | None = None) -> None:
        self.lines: dict[TaskId, list[Line]] = {}
        self._clock = clock or FakeClock()
        self._secrets = secrets or FakeSecrets()
        self._over: dict[TaskId, int] = {}
        self._ended: set[TaskId] = set()
        self._woken: dict[TaskId, asyncio.Event] = {}

    def text(self, task: TaskId) -> str:
        """All lines of the task, for looking."""
        return "\n".join(f"{line.level} [{line.step}] {line.text}" for line in self.lines.get(task, []))

    def end(self, task: TaskId) -> None:
        """Nothing more will be written; followers end."""
        self._ended.add(task)
        self._wake(task)

    def write(self, task: TaskId, level: Level, step: str, text: str, *, target: str = "") -> None:
        mask = self._secrets.mask(task)
        for piece in text.rstrip("\r\n").replace("\r\n", "\n").split("\n"):
            self._keep(task, level, step, target, _cut(mask.apply(piece)))
        self._wake(task)

    async def flush(self, task: TaskId) -> None:
        return

    async def read(self, task: TaskId, *, after: int = 0, limit: int = 1000) -> Sequence[Line]:
        return self.lines.get(task, [])[after : after + limit]

    async def follow(self, task: TaskId, *, after: int = 0) -> AsyncIterator[Line]:
        woken = self._woken.setdefault(task, asyncio.Event())
        while True:
            woken.clear()
            for line in self.lines.get(task, [])[after:]:
                after = line.number
                yield line
            if task in self._ended:
                return
            await woken.wait()

    def _keep(self, task: TaskId, level: Level, step: str, target: str, text: str) -> None:
        lines, at = self.lines.setdefault(task, []), self._clock.now()
        if len(lines) < LINES_KEPT - 1:
            lines.append(Line(len(lines) + 1, at, level, step, target, text))
            return
        self._over[task] = self._over.get(task, 0) + 1
        said = f"{self._over[task]} more lines were not kept"
        lines[LINES_KEPT - 1 :] = [Line(LINES_KEPT, at, "warning", "", "", said)]

    def _wake(self, task: TaskId) -> None:
        if task in self._woken:
            self._woken[task].set()


def _cut(text: str) -> str:
    if len(text) <= LONGEST_LINE:
        return text
    return f"{text[:LONGEST_LINE]}… ({len(text) - LONGEST_LINE} more characters)"
