"""The book of tasks: rows, frozen plans, phases, facts, and whose turn it is at a place (law 6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.ids import NodeId, TaskId
from fairlead.domain.plan import Plan, steps_of
from fairlead.domain.record import Json, from_data, to_data
from fairlead.domain.task import ENDED, PhaseState, Task, TaskKind, TaskPhase, TaskState
from fairlead.ports.catalogue import Place
from fairlead.ports.tasks import End, PhaseTold
from fairlead.store.rows import insert_all_ignoring, insert_ignoring, nouns, to_row, upsert, upsert_all
from fairlead.store.schema import data, instant, key, link, metadata, number, place_columns, text
from fairlead.store.shelf import Condition, Page, Shelf

tasks = sa.Table(
    "tasks",
    metadata,
    key(),
    text("kind"),
    text("title"),
    instant("created_at"),
    text("subject"),
    *place_columns(),
    text("turn"),
    text("concurrency_tag"),
    text("state"),
    text("node", nullable=True),
    data("input"),
    text("created_by"),
    instant("begun_at", nullable=True),
    instant("ended_at", nullable=True),
    instant("cancel_asked_at", nullable=True),
    text("cancel_asked_by"),
    text("plan_hash"),
    text("reached"),
    text("code"),
    text("reason"),
    text("hint"),
    data("evidence"),
    data("differences"),
    number("again"),
    data("end", nullable=True),
    instant("undoing_at", nullable=True),
    sa.Index("ix_tasks_state", "state", "id"),
    sa.Index("ix_tasks_turn", "turn", "state", "id"),
    sa.Index("ix_tasks_concurrency_tag", "concurrency_tag", "state", "id"),
    sa.Index("ix_tasks_subject", "subject"),
    sa.Index("ix_tasks_project", "project", "id"),
)

turns = sa.Table(
    "turns",
    metadata,
    key("tag"),
    link("task", "tasks.id", index=True),
    instant("taken_at"),
)

task_plans = sa.Table(
    "task_plans",
    metadata,
    sa.Column("task", sa.Text, sa.ForeignKey("tasks.id"), primary_key=True),
    data("plan"),
    text("hash"),
    instant("frozen_at"),
)

task_phases = sa.Table(
    "task_phases",
    metadata,
    sa.Column("task", sa.Text, sa.ForeignKey("tasks.id"), primary_key=True),
    key("name"),
    text("title"),
    number("position"),
    text("state"),
    text("reason"),
    instant("begun_at", nullable=True),
    instant("ended_at", nullable=True),
)

task_facts = sa.Table(
    "task_facts",
    metadata,
    sa.Column("task", sa.Text, sa.ForeignKey("tasks.id"), primary_key=True),
    key("name"),
    data("data", nullable=True),
)


def _turn_of(task: Task) -> Mapping[str, object]:
    return {"turn": task.tags[0] if task.tags else ""}


_shelf = Shelf(tasks, Task, unknown="task.unknown", more=_turn_of)
insert, get, find, change = _shelf.insert, _shelf.get, _shelf.find, _shelf.change
many = _shelf.many

_c = tasks.c
_ENDED = tuple(state.value for state in ENDED)
_NEEDS = (_c.turn, _c.concurrency_tag)
_OPEN = tuple(state.value for state in TaskState if state not in ENDED)


def place_of(task: Task) -> Place:
    """What the task changes."""
    return Place(task.project, task.environment, task.tenant)


def page(
    connection: sa.Connection,
    *more: Condition,
    kind: TaskKind | None = None,
    state: TaskState | None = None,
    project: str | None = None,
    environment: str | None = None,
    tenant: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Task]:
    """Those that fit, `more` too, the newest first."""
    place = {"project": project, "environment": environment, "tenant": tenant}
    equal = {"kind": kind, "state": state.value if state else None, **place}
    return _shelf.page(connection, *more, equal=equal, after=after, limit=limit)


def unfinished(connection: sa.Connection, *, node: NodeId | None = None) -> tuple[Task, ...]:
    """Those that have not ended (with `node`, those that it has begun), the oldest first."""
    conditions = [_c.state.in_(_OPEN)] + ([] if node is None else [_c.node == node])
    return _shelf.where(connection, *conditions)


def newest_id(connection: sa.Connection) -> str:
    """The id that sorts last; "" where there is no task."""
    return str(connection.execute(sa.select(sa.func.max(_c.id))).scalar() or "")


# Whose turn it is


def take_turn(connection: sa.Connection, task: Task, *, at: datetime) -> bool:
    """Whether the task now has all of its tags, alone (it did already: true); else it has none of them. A task that
    needs none needs no turn."""
    for tag in sorted(task.tags):  # in one order, so that no two ever wait for each other
        values = {"tag": tag, "task": task.id, "taken_at": at}
        if not insert_ignoring(connection, turns, values) and holder_of(connection, tag) != task.id:
            give_turn_back(connection, task.id)
            return False
    return True


def has_turn(connection: sa.Connection, task: Task) -> bool:
    """Whether it is the task's turn; false for one that needs none."""
    return bool(task.tags) and holder_of(connection, task.tags[0]) == task.id


def holder(connection: sa.Connection, place: Place) -> TaskId | None:
    """The task whose turn it is at the place; None where it is nobody's."""
    return holder_of(connection, place.tag)


def holder_of(connection: sa.Connection, tag: str) -> TaskId | None:
    """The task that has the concurrency tag; None where nobody has it."""
    found = connection.execute(sa.select(turns.c.task).where(turns.c.tag == tag)).scalar()
    return None if found is None else TaskId(found)


def held_tags(connection: sa.Connection) -> frozenset[str]:
    """Those concurrency tags, of places among them, that some task has; one query."""
    return frozenset(connection.execute(sa.select(turns.c.tag)).scalars())


def places_deployed_to(connection: sa.Connection) -> frozenset[Place]:
    """The places at which a deployment, or a rollback, has its turn; one query."""
    has_turn = _c.id.in_(sa.select(turns.c.task))
    asked = sa.select(_c.project, _c.environment, _c.tenant).where(_c.kind.in_(("deployment", "rollback")), has_turn)
    return frozenset(Place(row.project, row.environment, row.tenant) for row in connection.execute(asked))


def give_turn_back(connection: sa.Connection, task: TaskId) -> bool:
    """The task has no tag any more; whether it had one."""
    return connection.execute(sa.delete(turns).where(turns.c.task == task)).rowcount > 0


def next_in_line(connection: sa.Connection, tag: str, *, before: TaskId | None = None) -> Task | None:
    """The oldest queued task (of those older than `before`) that needs the tag and does not have it; None where nobody
    waits."""
    asked = _FIRST_IN_LINE if before is None else _FIRST_BEFORE
    given = {"tag": tag} if before is None else {"tag": tag, "before": before}
    first = min((str(row.id) for row in connection.execute(asked, given)), default=None)
    return None if first is None else get(connection, first)


def is_behind(connection: sa.Connection, task: Task) -> bool:
    """Whether an older one waits for a tag that the task, which has its turn, needs too: for another that it does not
    get. Its row is held until the transaction ends, so that it cannot go away unseen."""
    given = {"one": task.tags[0], "other": task.tags[-1], "before": task.id}
    return connection.execute(_BEHIND, given).first() is not None


def _first_in_line(*more: sa.ColumnElement[bool]) -> sa.CompoundSelect[tuple[str]]:
    """By each of the columns that hold a tag: either way the first of an index, however many wait."""
    tag, is_queued = sa.bindparam("tag", type_=sa.Text), _c.state == TaskState.QUEUED.value
    has_it = sa.select(turns.c.task).where(turns.c.tag == tag).scalar_subquery()
    both = [
        sa.select(_c.id)
        .where(each == tag, is_queued, _c.id.is_distinct_from(has_it), *more)
        .order_by(_c.id)
        .limit(1)
        .subquery()
        for each in _NEEDS
    ]
    return sa.union_all(*(sa.select(first.c.id) for first in both))


_BEFORE = _c.id < sa.bindparam("before", type_=sa.Text)
_FIRST_IN_LINE, _FIRST_BEFORE = _first_in_line(), _first_in_line(_BEFORE)
_TAGS = (sa.bindparam("one", type_=sa.Text), sa.bindparam("other", type_=sa.Text))
_BEHIND = (
    sa.select(_c.id)
    .where(sa.or_(*(each.in_(_TAGS) for each in _NEEDS)), _c.state == TaskState.QUEUED.value, _BEFORE)
    .limit(1)
    .with_for_update()
)
"""Made once: they are asked at each beginning and end of a task."""


def ask_cancel(connection: sa.Connection, task: TaskId, *, by: str, at: datetime) -> bool:
    """Cancelling is asked for from now on; false where it was before, or the task has ended."""
    return change(
        connection,
        task,
        _c.cancel_asked_at.is_(None),
        _c.state.not_in(_ENDED),
        cancel_asked_at=at,
        cancel_asked_by=by,
    )


# How it ended


def finish(connection: sa.Connection, task: TaskId, end: End, *conditions: Condition, at: datetime) -> bool:
    """The row says how it ended, or why it stands unsettled; whether the conditions held. Whose turn is next is the
    caller's affair."""
    return change(
        connection,
        task,
        *conditions,
        state=end.state.value,
        code=end.code,
        reason=end.reason,
        hint=end.hint,
        reached=end.reached,
        evidence=to_data(end.evidence),
        differences=to_data(end.differences),
        end=to_data(end),
        ended_at=at if end.state.has_ended else None,
    )


def outcome(connection: sa.Connection, task: TaskId) -> End | None:
    """How it ended, or was last left unsettled; None before either."""
    found = connection.execute(sa.select(_c.end).where(_c.id == task)).scalar()
    return None if found is None else from_data(End, found)


def unsettled_end(connection: sa.Connection, task: Task) -> End | None:
    """What is not as it should be, what was tried and what a person can run; None where it is not unsettled."""
    return outcome(connection, task.id) if task.state is TaskState.UNSETTLED else None


def unsettled(connection: sa.Connection) -> dict[TaskId, End]:
    """Tasks that stand unsettled now, and why."""
    found = connection.execute(sa.select(_c.id, _c.end).where(_c.state == TaskState.UNSETTLED.value).order_by(_c.id))
    return {TaskId(row.id): from_data(End, row.end) for row in found if row.end is not None}


def has_begun_to_undo(connection: sa.Connection, task: TaskId) -> bool:
    """Whether it ever did. The row is held until the transaction ends: a commit point and the beginning of an undo
    exclude each other."""
    statement = sa.select(_c.undoing_at).where(_c.id == task).with_for_update()
    return connection.execute(statement).scalar() is not None


# Plans, phases, facts


def freeze(connection: sa.Connection, task: TaskId, plan: Plan, *, at: datetime) -> None:
    """The plan is kept with its phases, once."""
    values = {"task": task, "plan": to_data(plan), "hash": plan.hash, "frozen_at": at}
    if not insert_ignoring(connection, task_plans, values):
        return
    change(connection, task, plan_hash=plan.hash)
    steps = [step for node in (plan.forward, plan.onward, plan.always) for step in steps_of(node)]
    phases = [TaskPhase(task, step.name, step.title, position) for position, step in enumerate(steps)]
    insert_all_ignoring(connection, task_phases, [to_row(phase) for phase in phases])


def thaw(connection: sa.Connection, task: TaskId) -> None:
    """The plan is made anew when the task goes on: what stood there when it was made may have changed."""
    connection.execute(sa.delete(task_plans).where(task_plans.c.task == task))


def plan_of(connection: sa.Connection, task: TaskId) -> Plan | None:
    """The frozen plan; None before it was frozen."""
    found = connection.execute(sa.select(task_plans.c.plan).where(task_plans.c.task == task)).scalar()
    return None if found is None else from_data(Plan, found)


_phases_in_order = sa.select(task_phases).order_by(task_phases.c.position, task_phases.c.name)
_phases = _phases_in_order.where(task_phases.c.task == sa.bindparam("task"))


def phases_of(connection: sa.Connection, task: TaskId) -> tuple[TaskPhase, ...]:
    """In the order of the plan."""
    return tuple(nouns(TaskPhase, connection.execute(_phases, {"task": task})))


def phases_of_many(connection: sa.Connection, ids: Iterable[str]) -> dict[str, tuple[TaskPhase, ...]]:
    """The phases of these tasks, by task, each in the order of its plan; one query."""
    wanted, found = set(ids), dict[str, tuple[TaskPhase, ...]]()
    if not wanted:
        return found
    rows = connection.execute(_phases_in_order.where(task_phases.c.task.in_(wanted)))
    for phase in nouns(TaskPhase, rows):
        found[phase.task] = (*found.get(phase.task, ()), phase)
    return found


def set_phases(connection: sa.Connection, task: TaskId, told: Iterable[PhaseTold]) -> None:
    """The phases came to these states, in this order; the first beginning and the last end are kept. One that no plan
    named comes last."""
    held = {phase.name: phase for phase in phases_of(connection, task)}
    changed: dict[str, TaskPhase] = {}
    for one in told:
        last = max((phase.position for phase in held.values()), default=-1)
        old = held.get(one.step) or TaskPhase(task, one.step, one.step, last + 1)
        held[one.step] = changed[one.step] = _phase_at(old, one)
    upsert_all(connection, task_phases, [to_row(phase) for phase in changed.values()])


def _phase_at(old: TaskPhase, told: PhaseTold) -> TaskPhase:
    begun = told.state is not PhaseState.WAITING and told.state is not PhaseState.SKIPPED
    is_over = told.state in (PhaseState.DONE, PhaseState.FAILED, PhaseState.UNDONE, PhaseState.SKIPPED)
    return replace(
        old,
        state=told.state,
        reason=told.reason,
        begun_at=old.begun_at or (told.at if begun else None),
        ended_at=told.at if is_over else None,
    )


def note(connection: sa.Connection, task: TaskId, name: str, fact: Json) -> None:
    """A named fact of the task; the latest under a name holds."""
    upsert(connection, task_facts, {"task": task, "name": name, "data": fact})


_of_task = task_facts.c.task == sa.bindparam("task")
_fact = sa.select(task_facts.c.data).where(_of_task, task_facts.c.name == sa.bindparam("name"))
_facts = sa.select(task_facts.c.name, task_facts.c.data).where(_of_task).order_by(task_facts.c.name)


def fact_of(connection: sa.Connection, task: TaskId, name: str) -> Json:
    """The fact of that name; None where there is none."""
    held: Json = connection.execute(_fact, {"task": task, "name": name}).scalar_one_or_none()
    return held


def facts_of(connection: sa.Connection, task: TaskId) -> dict[str, Json]:
    """All named facts of the task."""
    return {row.name: row.data for row in connection.execute(_facts, {"task": task})}
