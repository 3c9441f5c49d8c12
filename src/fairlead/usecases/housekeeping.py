"""What is done from time to time without being asked: standbys end, old logs go."""

from __future__ import annotations

from datetime import datetime, timedelta

from fairlead.domain import certificate
from fairlead.domain.actor import SYSTEM
from fairlead.domain.ids import TaskId
from fairlead.domain.slot import SlotState
from fairlead.domain.task import Task
from fairlead.domain.user import WARN_DAYS
from fairlead.store import certificates, routes, slots, task_lines, tasks, users
from fairlead.usecases import telling, turns
from fairlead.usecases.context import Context


def end_expired_standbys(context: Context) -> int:
    """A task for each standby whose time is over and whose place is free; how many."""
    begun = 0
    with context.database.transaction() as connection:
        for place, slot in slots.expired_standbys(connection, context.clock.now()):
            if tasks.holder(connection, place) or tasks.next_in_line(connection, place.tag):
                continue
            what = "the standby" if slot.state is SlotState.STANDBY else "what was kept"
            task = Task(
                TaskId(context.ids.new("tsk")),
                "other",
                f"end {what} of {place.project} {slot.version} in {place.shown}",
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


def tell_of_expiring_keys(context: Context) -> int:
    """An event and a notice for each API key some days before its end, and at its end; how many. Each of these days is
    told once; a key whose user is disabled opens nothing, and is not spoken of."""
    told = 0
    now = context.clock.now()
    with context.database.transaction() as connection:
        for key in users.expiring_keys(connection, now + timedelta(days=max(WARN_DAYS))):
            days = key.warning(now)
            owner = users.get(connection, key.user)
            if days is None or not owner.is_enabled:
                continue
            users.change_key(connection, key.id, warned_days=days)
            kind = "key.expiring" if days else "key.expired"
            context.note(connection, SYSTEM, kind, key.end_words(owner.name, now), thing=key.id)
            telling.key_ends(context, connection, key, owner, kind, days=days)
            told += 1
    return told


def tell_of_ending_certificates(context: Context) -> int:
    """An event and a notice for each certificate some weeks before its end, and at its end; how many. Each of these
    days is told once, whatever the number of looks; one that is renewed is new."""
    told = 0
    now = context.clock.now()
    with context.database.transaction() as connection:
        for one in certificates.ending(connection, now + timedelta(days=max(certificate.WARN_DAYS))):
            days = one.warning(now)
            if days is None:
                continue
            certificates.warned(connection, one.id, days)
            kind = "certificate.expiring" if days else "certificate.expired"
            user = routes.user_of(connection, one.host)
            context.note(
                connection,
                SYSTEM,
                kind,
                one.end_words(now),
                thing=one.id,
                project=user.project if user else None,
                environment=user.environment if user else None,
                tenant=user.tenant if user else None,
            )
            telling.certificate_ends(context, connection, one, kind, user, days=days)
            told += 1
    return told


def forget_old_logs(context: Context, before: datetime) -> int:
    """Lines of tasks that ended before are gone; how many."""
    with context.database.transaction() as connection:
        return task_lines.forget_before(connection, before)
