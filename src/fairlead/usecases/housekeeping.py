"""What is done from time to time without being asked: standbys end, old logs go."""

from __future__ import annotations

from datetime import datetime

from fairlead.domain.ids import TaskId
from fairlead.domain.task import Task
from fairlead.store import slots, task_lines, tasks
from fairlead.usecases import turns
from fairlead.usecases.context import Context


def end_expired_standbys(context: Context) -> int:
    """A task for each standby whose time is over and whose place is free; how many."""
    begun = 0
    with context.database.transaction() as connection:
        for place, slot in slots.expired_standbys(connection, context.clock.now()):
            if tasks.holder(connection, place) is not None:
                continue
            task = Task(
                TaskId(context.ids.new("tsk")),
                "other",
                f"end the standby of {place.project} {slot.version} in {place.environment}",
                context.clock.now(),
                subject=slot.deployment,
                project=place.project,
                environment=place.environment,
                tenant=place.tenant,
                created_by="fairlead",
            )
            turns.queue(context, connection, task)
            begun += 1
    if begun:
        context.durable.wake()
    return begun


def forget_old_logs(context: Context, before: datetime) -> int:
    """Lines of tasks that ended before are gone; how many."""
    with context.database.transaction() as connection:
        return task_lines.forget_before(connection, before)
