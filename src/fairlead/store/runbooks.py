"""Runbooks of projects, and their runs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.errors import NotFound
from fairlead.domain.ids import EnvironmentId, ProjectId, TaskId, TenantId
from fairlead.domain.record import from_data
from fairlead.domain.runbook import Runbook, RunbookRun, RunbookRunState, Snapshot, Unbegun
from fairlead.store import counters
from fairlead.store.schema import data, flag, instant, key, link, metadata, number, text
from fairlead.store.shelf import Condition, Page, Shelf
from fairlead.store.tasks import tasks as task_table

runbooks = sa.Table(
    "runbooks",
    metadata,
    key(),
    link("project", "projects.id"),
    text("name"),
    instant("created_at"),
    text("description"),
    data("environments"),
    number("kept_runs"),
    data("published", nullable=True),
    text("created_by"),
    number("revision"),
    flag("in_lifecycle"),
    text("tenancy", nullable=True),
    sa.UniqueConstraint("project", "name"),
)
runs = sa.Table(
    "runbook_runs",
    metadata,
    key(),
    number("number"),
    link("runbook", "runbooks.id"),
    link("project", "projects.id"),
    link("environment", "environments.id"),
    data("snapshot"),
    instant("created_at"),
    text("task", nullable=True, unique=True),
    text("created_by"),
    text("freeze_override"),
    data("choice"),
    text("tenant", nullable=True, index=True),
    text("plan_hash"),
    instant("not_before", nullable=True),
    instant("not_after", nullable=True),
    text("unbegun", nullable=True),
    instant("ended_at", nullable=True),
    text("code"),
    text("reason"),
    text("hint"),
    sa.Index("ix_runbook_runs_runbook", "runbook", "environment", "id"),
    sa.Index("ix_runbook_runs_unbegun", "unbegun", "not_before"),
)

_shelf = Shelf(runbooks, Runbook, unknown="runbook.unknown", exists="runbook.exists")
insert, get, find, update = _shelf.insert, _shelf.get, _shelf.find, _shelf.update
_runs = Shelf(runs, RunbookRun, unknown="runbook.unknown", noun="run of the runbook")
insert_run, get_run = _runs.insert, _runs.get

IS_SCHEDULED = runs.c.unbegun == Unbegun.SCHEDULED.value
"""The condition that a run waits for its time."""
IS_NOT_SCHEDULED = runs.c.unbegun.is_distinct_from(Unbegun.SCHEDULED.value)


def of_project(connection: sa.Connection, project: ProjectId) -> tuple[Runbook, ...]:
    """All of the project's, by name."""
    return _shelf.where(connection, runbooks.c.project == project, order=runbooks.c.name)


def page(
    connection: sa.Connection, project: ProjectId, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[Runbook]:
    """The project's, by name, a part at a time; with `search` those that have it in their names."""
    fits = runbooks.c.project == project
    return _shelf.page_by_name(connection, fits, search=search, after=after, limit=limit)


def all_of(connection: sa.Connection) -> tuple[Runbook, ...]:
    """Of all projects, by name."""
    return _shelf.where(connection, order=runbooks.c.name)


def processes_run(connection: sa.Connection, project: ProjectId) -> tuple[str, ...]:
    """The snapshots of processes that runs of the project's runbooks were of, each once."""
    found = connection.execute(sa.select(runs.c.snapshot).where(runs.c.project == project)).scalars()
    return tuple({from_data(Snapshot, held).process: None for held in found})


def names(connection: sa.Connection) -> dict[str, tuple[str, str]]:
    """The project's id and the name of each, by id."""
    c = runbooks.c
    return {id: (project, name) for id, project, name in connection.execute(sa.select(c.id, c.project, c.name))}


def by_name_or_id(connection: sa.Connection, project: ProjectId, text: str) -> Runbook:
    """The project's, as people and programs name it; NotFound `runbook.unknown`."""
    c = runbooks.c
    return _shelf.require(_shelf.one(connection, c.project == project, sa.or_(c.name == text, c.id == text)), text)


def delete(connection: sa.Connection, id: str) -> None:
    """The runbook and the rows of its runs are gone; their tasks stay as long as any."""
    connection.execute(sa.delete(runs).where(runs.c.runbook == id))
    _shelf.delete(connection, id)


def packages_named(connection: sa.Connection) -> frozenset[tuple[str, str]]:
    """Id in lower case and version of each package that a published runbook, or one of its runs, names."""
    held = connection.execute(sa.select(runbooks.c.published).union_all(sa.select(runs.c.snapshot))).scalars()
    named = (from_data(Snapshot, one).packages for one in held if one)
    return frozenset((name.lower(), version) for packages in named for name, version in packages.items())


def name_package(connection: sa.Connection, name: str, version: str) -> bool:
    """Whether a published runbook, or one of its runs, names the package."""
    return (name.lower(), version) in packages_named(connection)


def next_number(connection: sa.Connection, runbook: str) -> int:
    """The number of its next run, from 1."""
    return counters.next_of(connection, f"runbook-runs/{runbook}")


def run_of_task(connection: sa.Connection, task: TaskId) -> RunbookRun:
    """The run that the task carries out; NotFound `runbook.unknown`."""
    return _runs.require(_runs.one(connection, runs.c.task == task), task)


def run_named(connection: sa.Connection, runbook: Runbook, text: str) -> RunbookRun:
    """The runbook's run, by id or number; NotFound `runbook.unknown`."""
    is_it = runs.c.number == int(text) if text.isdecimal() and len(text) < 10 else runs.c.id == text
    found = _runs.one(connection, runs.c.runbook == runbook.id, is_it)
    if found is None:
        said = f"there is no run of the runbook {text[:80]!r}"
        hint = f"those that there are: fairlead runbooks runs {runbook.name!r}"
        raise NotFound("runbook.unknown", said, thing=text[:80], hint=hint)
    return found


def due_runs(connection: sa.Connection, at: datetime, *, limit: int) -> tuple[RunbookRun, ...]:
    """Scheduled ones whose time has come; the earliest first."""
    order = (runs.c.not_before, runs.c.id)
    return _runs.where(connection, IS_SCHEDULED, runs.c.not_before <= at, order=order, limit=limit)


def scheduled_runs(connection: sa.Connection) -> tuple[RunbookRun, ...]:
    """Those that wait for their time."""
    return _runs.where(connection, IS_SCHEDULED)


def begin_run(connection: sa.Connection, id: str, task: TaskId) -> bool:
    """The scheduled run is its task's affair from now on; false where it waits no more."""
    return _runs.change(connection, id, IS_SCHEDULED, task=task, unbegun=None)


def end_unbegun(
    connection: sa.Connection, id: str, how: Unbegun, *, at: datetime, reason: str, code: str = "", hint: str = ""
) -> bool:
    """The scheduled run ended so, without a task; false where it waits no more."""
    ended = {"unbegun": how.value, "ended_at": at, "reason": reason, "code": code, "hint": hint}
    return _runs.change(connection, id, IS_SCHEDULED, **ended)


def has_scheduled(connection: sa.Connection, runbook: str) -> bool:
    """Whether any run of the runbook waits for its time."""
    return _runs.one(connection, runs.c.runbook == runbook, IS_SCHEDULED) is not None


def runs_of(
    connection: sa.Connection,
    runbook: str,
    *more: Condition,
    environment: EnvironmentId | None = None,
    tenant: TenantId | None = None,
    state: RunbookRunState | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[RunbookRun]:
    """Its runs that fit, the newest first."""
    conditions = [runs.c.runbook == runbook, *more]
    conditions += [_in_state(state)] if state is not None else []
    conditions += [runs.c.environment == environment] if environment is not None else []
    conditions += [runs.c.tenant == tenant] if tenant is not None else []
    return _runs.page(connection, *conditions, after=after, limit=limit)


def _in_state(state: RunbookRunState) -> Condition:
    """By its task, or where it has none."""
    carried = sa.select(task_table.c.id).where(task_table.c.state == state.value)
    return sa.or_(runs.c.unbegun == state.value, runs.c.task.in_(carried))


def newest_runs_of(
    connection: sa.Connection, ids: Iterable[str], *more: Condition, limit: int
) -> dict[str, tuple[RunbookRun, ...]]:
    """The newest runs that fit of each of these runbooks, by its id, the newest first; one query."""
    return _runs.newest_of_each(connection, "runbook", ids, *more, limit=limit)


def are_for(connection: sa.Connection, tenant: TenantId) -> bool:
    """Whether any run was for the tenant."""
    return _runs.one(connection, runs.c.tenant == tenant) is not None


def ran_in(connection: sa.Connection, environment: EnvironmentId) -> bool:
    """Whether any run was there."""
    return _runs.one(connection, runs.c.environment == environment) is not None


def over_the_count(
    connection: sa.Connection, runbook: Runbook, environment: EnvironmentId, tenant: TenantId | None
) -> tuple[RunbookRun, ...]:
    """Runs there for the tenant (None: for nobody) beside the newest that are kept, by when they began. What waits for
    its time is not among them, and takes no other's place."""
    c = runs.c
    here = (c.runbook == runbook.id, c.environment == environment, c.tenant.is_not_distinct_from(tenant))
    begun = sa.func.coalesce(c.ended_at, c.not_before, c.created_at)
    newest = (begun.desc(), c.id.desc())
    wanted = sa.select(c.id).where(*here, IS_NOT_SCHEDULED)
    kept = wanted.order_by(*newest).limit(runbook.kept_runs).correlate(None)
    over = wanted.where(c.id.not_in(kept)).correlate(None)
    return _runs.where(connection, c.id.in_(over))


def delete_run(connection: sa.Connection, id: str) -> None:
    """The row of the run is gone."""
    connection.execute(sa.delete(runs).where(runs.c.id == id))
