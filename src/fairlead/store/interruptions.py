"""Interruptions: what tasks ask persons, and what was answered; ports.interruptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from fairlead.domain.ids import TaskId
from fairlead.domain.interruption import Answered, Interruption, InterruptionState, Question
from fairlead.ports.clock import Clock, Ids
from fairlead.store import tasks
from fairlead.store.database import Database
from fairlead.store.rows import insert_ignoring, to_row
from fairlead.store.schema import data, flag, instant, key, link, metadata, number, text
from fairlead.store.shelf import Condition, Page, Shelf

interruptions = sa.Table(
    "interruptions",
    metadata,
    key(),
    link("task", "tasks.id"),
    text("key"),
    text("kind"),
    text("title"),
    data("choices"),
    instant("opened_at"),
    text("instructions"),
    text("why"),
    text("step"),
    text("action"),
    text("target"),
    data("teams"),
    flag("blocks"),
    flag("author_may_answer"),
    text("state"),
    text("answer", nullable=True),
    text("note"),
    text("answered_by"),
    text("answered_by_id"),
    text("answered_by_email"),
    instant("answered_at", nullable=True),
    instant("expires_at", nullable=True),
    flag("is_override"),
    text("assigned_to"),
    text("project"),
    text("environment"),
    text("tenant"),
    number("revision"),
    sa.UniqueConstraint("task", "key"),
    sa.Index("ix_interruptions_state", "state", "id"),
)

_shelf = Shelf(interruptions, Interruption, unknown="interruption.unknown")
get, find, update = _shelf.get, _shelf.find, _shelf.update

_c = interruptions.c
_WAITS = _c.state == InterruptionState.WAITING.value


def of_task(connection: sa.Connection, task: TaskId) -> tuple[Interruption, ...]:
    """All of the task, in the order of asking."""
    return _shelf.where(connection, _c.task == task)


def waiting_in(connection: sa.Connection, task: TaskId) -> tuple[Interruption, ...]:
    """Those of the task that nobody has answered."""
    return _shelf.where(connection, _c.task == task, _WAITS)


def expired(connection: sa.Connection, now: datetime) -> tuple[Interruption, ...]:
    """Those that waited too long."""
    return _shelf.where(connection, _WAITS, _c.expires_at.is_not(None), _c.expires_at <= now)


def count_waiting(connection: sa.Connection, *more: Condition, most: int) -> int:
    """How many wait for an answer, counted up to `most`."""
    return connection.execute(_counted(*more) if more else _ALL_COUNTED, {"most": most}).scalar_one()


def _counted(*more: Condition) -> sa.Select[int]:
    limit: sa.BindParameter[int] = sa.bindparam("most", type_=sa.Integer)
    here = sa.select(_c.id).where(_WAITS, *more).limit(limit)
    return sa.select(sa.func.count()).select_from(here.subquery())


_ALL_COUNTED = _counted()
"""Every page asks for it, of most people without a condition."""


def page(
    connection: sa.Connection,
    *more: Condition,
    state: InterruptionState | None = None,
    project: str | None = None,
    task: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Interruption]:
    """Those that fit, `more` too, the newest first."""
    conditions: list[Condition] = [] if state is None else [_c.state == state.value]
    conditions += [] if project is None else [_c.project == project]
    conditions += [] if task is None else [_c.task == task]
    return _shelf.page(connection, *conditions, *more, after=after, limit=limit)


class StoreInterruptions:
    """As the engine asks. `opened` is called in the transaction in which a question was put."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        opened: Callable[[sa.Connection, Interruption], None] | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._opened = opened

    async def open(self, task: TaskId, key: str, question: Question, *, step: str, instructions: str, why: str) -> None:
        """As the port says."""

        def work(connection: sa.Connection) -> None:
            row = tasks.get(connection, task)
            at = self._clock.now()
            made = Interruption(
                self._ids.new("int"),
                task,
                key,
                question.kind,
                question.title,
                question.choices,
                at,
                instructions=instructions,
                why=why,
                step=step,
                action=question.action,
                target=question.target,
                teams=question.teams,
                blocks=question.blocks,
                author_may_answer=question.author_may_answer,
                expires_at=at + timedelta(seconds=question.expires_s) if question.expires_s else None,
                project=row.project,
                environment=row.environment,
                tenant=row.tenant or "",
            )
            if insert_ignoring(connection, interruptions, to_row(made)) and self._opened is not None:
                self._opened(connection, made)

        await self._database.write(work)

    async def answers(self, task: TaskId) -> Sequence[Answered]:
        """As the port says."""
        found = await self._database.read(lambda connection: of_task(connection, task))
        return tuple(
            Answered(
                one.key,
                one.answer,
                one.state,
                one.note,
                one.answered_by,
                one.answered_by_id,
                one.answered_by_email,
                one.target,
                one.step,
                one.title,
            )
            for one in found
            if one.answer is not None
        )
