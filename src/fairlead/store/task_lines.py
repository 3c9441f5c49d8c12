"""Rows of task logs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.ids import TaskId
from fairlead.ports.task_log import Line
from fairlead.store import tasks
from fairlead.store.schema import instant, key, metadata, text

task_log_lines = sa.Table(
    "task_log_lines",
    metadata,
    key("task"),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    instant("at"),
    text("level"),
    text("step"),
    text("target"),
    text("text"),
)

_c = task_log_lines.c
_of_task = _c.task == sa.bindparam("task")
_last = sa.select(sa.func.coalesce(sa.func.max(_c.number), 0)).where(_of_task)
_behind = sa.select(task_log_lines).where(_of_task, _c.number > sa.bindparam("after")).order_by(_c.number)
_some = _behind.limit(sa.bindparam("most", type_=sa.Integer))


def last_number(connection: sa.Connection, task: TaskId) -> int:
    """The number of the last line, 0 where there is none."""
    return int(connection.execute(_last, {"task": task}).scalar_one())


def append(connection: sa.Connection, task: TaskId, lines: Sequence[Line]) -> None:
    """Kept under their numbers."""
    rows = [
        {
            "task": task,
            "number": line.number,
            "at": line.at,
            "level": line.level,
            "step": line.step,
            "target": line.target,
            "text": line.text,
        }
        for line in lines
    ]
    if rows:
        connection.execute(sa.insert(task_log_lines), rows)


def replace(connection: sa.Connection, task: TaskId, line: Line) -> None:
    """The line of that number says something else now."""
    here = sa.update(task_log_lines).where(_c.task == task, _c.number == line.number)
    connection.execute(here.values(at=line.at, text=line.text))


def read(connection: sa.Connection, task: TaskId, *, after: int = 0, limit: int = 1000) -> tuple[Line, ...]:
    """Lines over `after`, in order."""
    rows = connection.execute(_some, {"task": task, "after": after, "most": limit})
    return tuple(Line(row.number, row.at, row.level, row.step, row.target, row.text) for row in rows)


def forget_before(connection: sa.Connection, before: datetime) -> int:
    """The lines of tasks that ended before are gone; how many."""
    old = sa.select(tasks.tasks.c.id).where(tasks.tasks.c.ended_at < before)
    return connection.execute(sa.delete(task_log_lines).where(task_log_lines.c.task.in_(old))).rowcount
