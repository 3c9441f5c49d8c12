"""Whose turn it is: one task at a time for each concurrency tag, in the order of asking (law 6).

A task begins when it can have all of its tags at once, and no older one waits for any of them: so a task that needs
several is never passed by others that need fewer, and none waits for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from fairlead.domain.actor import Actor
from fairlead.domain.deployment import Deployment
from fairlead.domain.task import Task, TaskState
from fairlead.store import deployments, tasks
from fairlead.store.database import Connection
from fairlead.store.tasks import place_of
from fairlead.usecases import reaching
from fairlead.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Awaited:
    """A task that another one waits for, by the tag that both need; it has the tag, or stands before the other in the
    line for it. `is_hidden` from who may not see it: then no more may be told of it."""

    task: Task
    tag: str
    has_it: bool
    is_hidden: bool = False

    @property
    def said(self) -> str:
        """For whom it waits, and for what."""
        what = "a task that you may not see" if self.is_hidden else self.task.title
        place = place_of(self.task)
        is_place = self.tag == place.tag
        tag = f"{place.project} in {place.shown}" if is_place else f"the concurrency tag {self.tag}"
        if self.has_it:
            return f"{what} is {self.task.state.value}, and {'holds' if is_place else 'has'} {tag}"
        return f"{what} was asked for before it, needs {tag} too, and waits for another task"


def queue(context: Context, connection: Connection, task: Task) -> None:
    """The task is kept, and begins as soon as it is its turn; all in the caller's transaction."""
    tasks.insert(connection, task)
    _begin_if_free(context, connection, task)


def pass_on(context: Context, connection: Connection, ended: Task) -> None:
    """Called in the transaction in which a task ended and gave its tags back: the next in line for each begins."""
    for tag in ended.tags:
        following = tasks.next_in_line(connection, tag)
        if following is not None and not _begin_if_free(context, connection, following):
            _begin_child(context, connection, tag)


def catch_up(context: Context) -> int:
    """At a start: every queued task whose turn it is begins; how many. Nothing where nothing was left over."""
    begun = 0
    with context.database.transaction() as connection:
        for task in tasks.unfinished(connection):
            if task.state is TaskState.QUEUED and not tasks.has_turn(connection, task):
                begun += _begin_if_free(context, connection, task)
    context.durable.wake()
    return begun


def awaited(connection: Connection, task: Task) -> Iterator[Awaited]:
    """For each of its tags, whom the queued task waits for; nothing where it is its turn."""
    if task.state is not TaskState.QUEUED or tasks.has_turn(connection, task):
        return
    for tag in task.tags:
        holder = tasks.holder_of(connection, tag)
        if holder is not None:
            yield Awaited(tasks.get(connection, holder), tag, has_it=True)
        elif (older := tasks.next_in_line(connection, tag, before=task.id)) is not None:
            yield Awaited(older, tag, has_it=False)


def seen_by(connection: Connection, actor: Actor, found: Iterable[Awaited]) -> tuple[Awaited, ...]:
    """The same; what the actor may not see is hidden."""
    return tuple(replace(one, is_hidden=not reaching.may_see(connection, actor, one.task)) for one in found)


def _begin_if_free(context: Context, connection: Connection, task: Task) -> bool:
    if not tasks.take_turn(connection, task, at=context.clock.now()):
        return False
    if task.tags and tasks.is_behind(connection, task) and not _is_child(connection, task):
        tasks.give_turn_back(connection, task.id)
        return False
    context.durable.enqueue(connection, task.id, again=task.again)
    return True


def _begin_child(context: Context, connection: Connection, tag: str) -> None:
    """The first in line does not get another tag: a deployment that one which runs waits for does not wait behind it,
    for it may be just that one who has the other tag."""
    if tasks.holder_of(connection, tag) is None:
        for child in deployments.children_in_line(connection, tag):
            if _begin_if_free(context, connection, tasks.get(connection, child)):
                return


def _is_child(connection: Connection, task: Task) -> bool:
    deployment = deployments.of_task(connection, task.id)
    return deployment is not None and deployment.parent is not None


def tell_parent(context: Context, connection: Connection, ended: Deployment) -> None:
    """The deployment ended: the task that waits for it goes on. One that still runs beside looks before it pauses."""
    parent = tasks.find(connection, ended.parent) if ended.parent else None
    if parent is not None and parent.state is TaskState.PAUSED:
        go_on(context, connection, parent)


def go_on(context: Context, connection: Connection, task: Task) -> None:
    """The paused task runs on: at once where it kept its place, else when it is its turn again, and planned anew."""
    tasks.change(connection, task.id, state=TaskState.QUEUED.value, again=task.again + 1)
    queued = tasks.get(connection, task.id)
    if not task.tags or tasks.has_turn(connection, task):
        context.durable.enqueue(connection, task.id, again=queued.again)
        return
    tasks.thaw(connection, task.id)
    _begin_if_free(context, connection, queued)
