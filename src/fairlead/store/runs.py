"""Runs of the pipeline."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead.domain.ids import ProjectId, TaskId
from fairlead.domain.run import Run, RunState
from fairlead.store import counters
from fairlead.store.schema import instant, key, link, metadata, number, text
from fairlead.store.shelf import Condition, Page, Shelf

runs = sa.Table(
    "runs",
    metadata,
    key(),
    number("number"),
    link("project", "projects.id"),
    text("branch"),
    text("commit"),
    instant("created_at"),
    text("cause"),
    text("previous_commit"),
    text("subject"),
    text("author"),
    text("state"),
    text("task", nullable=True, unique=True),
    text("release", nullable=True),
    text("created_by"),
    instant("ended_at", nullable=True),
    text("code"),
    text("reason"),
    number("revision"),
    sa.UniqueConstraint("project", "number"),
    sa.Index("ix_runs_state", "state", "project", "id"),
)

_shelf = Shelf(runs, Run, unknown="run.unknown")
insert, get, find, update, change = _shelf.insert, _shelf.get, _shelf.find, _shelf.update, _shelf.change


def next_number(connection: sa.Connection, project: ProjectId) -> int:
    """The number of the project's next run, from 1."""
    return counters.next_of(connection, f"runs/{project}")


def of_task(connection: sa.Connection, task: TaskId) -> Run | None:
    """The run that the task carries out; None where it carries out another thing."""
    return _shelf.one(connection, runs.c.task == task)


def by_number(connection: sa.Connection, project: ProjectId, number: int) -> Run:
    """The project's run of this number; NotFound `run.unknown`."""
    found = _shelf.one(connection, runs.c.project == project, runs.c.number == number)
    return _shelf.require(found, str(number))


def bearing_on(connection: sa.Connection, project: ProjectId, branch: str, commit: str) -> tuple[Run, ...]:
    """What decides whether a head of the branch becomes a run, and from where its changes are told: those that have not
    ended, the newest of that commit, and the newest that succeeded with another."""
    c = runs.c
    here = (c.project == project, c.branch == branch)
    unfinished = [state.value for state in RunState if not state.has_ended]
    known = _shelf.where(connection, *here, c.state.in_(unfinished))
    same = _shelf.where(connection, *here, c.commit == commit, order=c.number.desc(), limit=1)
    released = (c.state == RunState.SUCCEEDED.value, c.commit != commit)
    earlier = _shelf.where(connection, *here, *released, order=c.number.desc(), limit=1)
    return tuple({one.id: one for one in (*known, *same, *earlier)}.values())


def next_of_branch(connection: sa.Connection, run: Run) -> Run | None:
    """The run of the same branch that came next; None where none did."""
    c = runs.c
    later = (c.project == run.project, c.branch == run.branch, c.number > run.number)
    found = _shelf.where(connection, *later, order=c.number, limit=1)
    return found[0] if found else None


def page(
    connection: sa.Connection,
    *more: Condition,
    project: ProjectId | None = None,
    state: RunState | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Run]:
    """Those that fit, `more` too, the newest first."""
    equal = {"project": project, "state": state.value if state else None}
    return _shelf.page(connection, *more, equal=equal, after=after, limit=limit)
