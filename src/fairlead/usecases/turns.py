"""Whose turn it is: one task at a time for each place, in the order of asking (law 6)."""

from __future__ import annotations

from fairlead.domain.deployment import Deployment
from fairlead.domain.task import Task, TaskState
from fairlead.store import tasks
from fairlead.store.database import Connection
from fairlead.usecases.context import Context


def queue(context: Context, connection: Connection, task: Task) -> None:
    """The task is kept, and begins as soon as it is its turn; all in the caller's transaction."""
    tasks.insert(connection, task)
    _begin_if_free(context, connection, task)


def pass_on(context: Context, connection: Connection, ended: Task) -> None:
    """Called in the transaction in which a task ended and gave its place back: the next in line begins."""
    if not ended.project:
        return
    following = tasks.next_in_line(connection, tasks.place_of(ended))
    if following is not None:
        _begin_if_free(context, connection, following)


def catch_up(context: Context) -> int:
    """At a start: every queued task whose place is free begins; how many. Nothing where nothing was left over."""
    begun = 0
    with context.database.transaction() as connection:
        for task in tasks.unfinished(connection):
            if task.state is TaskState.QUEUED and tasks.holder(connection, tasks.place_of(task)) is None:
                begun += _begin_if_free(context, connection, task)
    context.durable.wake()
    return begun


def _begin_if_free(context: Context, connection: Connection, task: Task) -> bool:
    if not tasks.take_turn(connection, task, at=context.clock.now()):
        return False
    context.durable.enqueue(connection, task.id, again=task.again)
    return True


def tell_parent(context: Context, connection: Connection, ended: Deployment) -> None:
    """The deployment ended: the task that waits for it goes on. One that still runs beside looks before it pauses."""
    parent = tasks.find(connection, ended.parent) if ended.parent else None
    if parent is not None and parent.state is TaskState.PAUSED:
        go_on(context, connection, parent)


def go_on(context: Context, connection: Connection, task: Task) -> None:
    """The paused task runs on: at once where it kept its place, else when it is its turn again, and planned anew."""
    tasks.change(connection, task.id, state=TaskState.QUEUED.value, again=task.again + 1)
    queued = tasks.get(connection, task.id)
    if not task.project or tasks.holder(connection, tasks.place_of(task)) == task.id:
        context.durable.enqueue(connection, task.id, again=queued.again)
        return
    tasks.thaw(connection, task.id)
    _begin_if_free(context, connection, queued)
