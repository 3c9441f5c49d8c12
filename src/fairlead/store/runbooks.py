"""Runbooks of projects, and their runs."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from fairlead.domain.ids import EnvironmentId, ProjectId, TaskId, TenantId
from fairlead.domain.record import from_data
from fairlead.domain.runbook import Runbook, RunbookRun, Snapshot
from fairlead.store import counters
from fairlead.store.schema import data, flag, instant, key, link, metadata, number, text
from fairlead.store.shelf import Condition, Page, Shelf

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
    text("task", unique=True),
    text("created_by"),
    text("freeze_override"),
    data("choice"),
    text("tenant", nullable=True, index=True),
    text("plan_hash"),
    sa.Index("ix_runbook_runs_runbook", "runbook", "environment", "id"),
)

_shelf = Shelf(runbooks, Runbook, unknown="runbook.unknown", exists="runbook.exists")
insert, get, find, update = _shelf.insert, _shelf.get, _shelf.find, _shelf.update
_runs = Shelf(runs, RunbookRun, unknown="runbook.unknown")
insert_run = _runs.insert


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


def runs_of(
    connection: sa.Connection,
    runbook: str,
    *more: Condition,
    environment: EnvironmentId | None = None,
    tenant: TenantId | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[RunbookRun]:
    """Its runs that fit, the newest first."""
    conditions = [runs.c.runbook == runbook, *more]
    conditions += [runs.c.environment == environment] if environment is not None else []
    conditions += [runs.c.tenant == tenant] if tenant is not None else []
    return _runs.page(connection, *conditions, after=after, limit=limit)


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
    """Runs there for the tenant (None: for nobody) beside the newest that are kept."""
    c = runs.c
    here = (c.runbook == runbook.id, c.environment == environment, c.tenant.is_not_distinct_from(tenant))
    newest = sa.select(c.id).where(*here).order_by(c.id.desc()).limit(runbook.kept_runs)
    kept = connection.execute(newest).scalars().all()
    if len(kept) < runbook.kept_runs:
        return ()
    return _runs.where(connection, *here, c.id < kept[-1])


def delete_run(connection: sa.Connection, id: str) -> None:
    """The row of the run is gone."""
    connection.execute(sa.delete(runs).where(runs.c.id == id))
