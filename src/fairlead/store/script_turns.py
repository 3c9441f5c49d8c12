"""Whose script runs on which target, and who waits for it: ports.script_turns."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import sqlalchemy as sa

from fairlead.domain.concurrency import place_tag
from fairlead.domain.ids import TaskId
from fairlead.domain.script_turn import ScriptTurn, in_the_way
from fairlead.domain.task import ENDED, Task, TaskState
from fairlead.ports.script_turns import InTheWay
from fairlead.store import counters, tasks
from fairlead.store.database import Database
from fairlead.store.schema import flag, key, metadata, number, text

turns = sa.Table(
    "script_turns",
    metadata,
    key("task"),
    key("key"),
    text("target"),
    number("number"),
    text("tag"),
    flag("bypasses"),
    flag("is_taken"),
    sa.Index("ix_script_turns_target", "target", "number"),
)

_c = turns.c
_AT_REST = tuple(state.value for state in (*ENDED, TaskState.PAUSED, TaskState.UNSETTLED))


class StoreScriptTurns:
    """In the database, which all nodes share."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(self, task: TaskId, key: str, target: str, *, bypasses: bool = False) -> InTheWay | None:
        """As the port says. Who still waits only reads."""
        found = await self._database.read(lambda connection: _waits(connection, task, key, target))
        if found is not None:
            return found
        return await self._database.write(partial(_take, task=task, key=key, target=target, bypasses=bypasses))

    async def give_back(self, task: TaskId, key: str) -> None:
        """As the port says."""
        mine = (_c.task == task, _c.key == key)
        await self._database.write(lambda connection: connection.execute(sa.delete(turns).where(*mine)))


def _waits(connection: sa.Connection, task: TaskId, key: str, target: str) -> InTheWay | None:
    """Whom it waits for; None where it does not, or never asked."""
    line = _line(connection, target)
    mine = line.get((task, key))
    return None if mine is None else _told(connection, in_the_way(mine, _others(line, mine)))


def _take(connection: sa.Connection, task: TaskId, key: str, target: str, bypasses: bool) -> InTheWay | None:
    """It stands in the line, and its turn is taken where nobody is in its way."""
    line = _line(connection, target)
    mine = line.get((task, key))
    if mine is None:
        mine = _stand_in_line(connection, tasks.get(connection, task), key, target, bypasses)
        line = _line(connection, target)  # who came meanwhile is seen, once the number is ours
    found = in_the_way(mine, _others(line, mine))
    if found is None and not mine.is_taken:
        connection.execute(sa.update(turns).where(_c.task == task, _c.key == key).values(is_taken=True))
    return _told(connection, found)


def _stand_in_line(connection: sa.Connection, task: Task, key: str, target: str, bypasses: bool) -> ScriptTurn:
    """At its end. What tasks that have ended left in this line goes."""
    mine = ScriptTurn(
        counters.next_of(connection, f"scripts on {target}"),
        task.id,
        key,
        place_tag(task.project, task.environment, task.tenant),
        bypasses=bypasses,
    )
    over = sa.select(tasks.tasks.c.id).where(tasks.tasks.c.state.in_([state.value for state in ENDED]))
    connection.execute(sa.delete(turns).where(_c.target == target, _c.task.in_(over)))
    row = {"task": task.id, "key": key, "target": target, "number": mine.number, "tag": mine.tag}
    connection.execute(sa.insert(turns).values(**row, bypasses=bypasses, is_taken=False))
    return mine


def _line(connection: sa.Connection, target: str) -> dict[tuple[TaskId, str], ScriptTurn]:
    """All that run or wait on the target, of tasks that go on."""
    joined = sa.select(turns).join(tasks.tasks, tasks.tasks.c.id == _c.task)
    rows = connection.execute(joined.where(_c.target == target, tasks.tasks.c.state.not_in(_AT_REST)))
    found = (ScriptTurn(row.number, TaskId(row.task), row.key, row.tag, row.bypasses, row.is_taken) for row in rows)
    return {(one.task, one.key): one for one in found}


def _others(line: Mapping[tuple[TaskId, str], ScriptTurn], mine: ScriptTurn) -> list[ScriptTurn]:
    return [one for one in line.values() if (one.task, one.key) != (mine.task, mine.key)]


def _told(connection: sa.Connection, found: ScriptTurn | None) -> InTheWay | None:
    return None if found is None else InTheWay(found.task, tasks.get(connection, found.task).title, found.is_taken)
