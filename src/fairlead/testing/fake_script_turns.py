"""Script turns in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fairlead.domain.ids import TaskId
from fairlead.domain.script_turn import ScriptTurn, in_the_way
from fairlead.ports.script_turns import InTheWay


class FakeScriptTurns:
    """`tags` are the places of tasks; a task that is not in it has one of its own. Tasks in `at_rest` are in nobody's
    way."""

    def __init__(self, tags: Mapping[TaskId, str] | None = None) -> None:
        self.tags = dict(tags or {})
        self.at_rest: set[TaskId] = set()
        self.lines: dict[str, dict[tuple[TaskId, str], ScriptTurn]] = {}
        self._count = 0

    async def ask(self, task: TaskId, key: str, target: str, *, bypasses: bool = False) -> InTheWay | None:
        """As the port says."""
        line = self.lines.setdefault(target, {})
        if (task, key) not in line:
            self._count += 1
            line[task, key] = ScriptTurn(self._count, task, key, self.tags.get(task, task), bypasses)
        mine = line[task, key]
        others = [one for one in line.values() if one is not mine and one.task not in self.at_rest]
        found = in_the_way(mine, others)
        if found is None:
            line[task, key] = replace(mine, is_taken=True)
            return None
        return InTheWay(found.task, f"task {found.task}", found.is_taken)

    async def give_back(self, task: TaskId, key: str) -> None:
        """As the port says."""
        for line in self.lines.values():
            line.pop((task, key), None)
