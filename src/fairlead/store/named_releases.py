"""Which releases name which ones of other projects: those that their frozen processes deploy."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from fairlead.domain.child_release import child_version, children_of, project_of
from fairlead.domain.ids import ProjectId, ReleaseId
from fairlead.domain.process import DEPLOY_RELEASE, Process
from fairlead.domain.record import from_data
from fairlead.store.processes import process_snapshots
from fairlead.store.projects import projects
from fairlead.store.releases import releases


@dataclass(frozen=True, slots=True)
class Naming:
    """The parent is a release that has a step which deploys the child, a release of another project."""

    parent: ReleaseId
    parent_project: ProjectId
    parent_title: str
    child: ReleaseId
    child_project: ProjectId


def all_namings(connection: sa.Connection) -> tuple[Naming, ...]:
    """What every release names that is there, the newest parent first. Nobody names a version that only variables say,
    nor does a disabled action."""
    processes = _frozen(connection)
    if not processes:
        return ()
    c = releases.c
    statement = (
        sa.select(c.id, c.project, c.version, c.process, c.packages, projects.c.name)
        .join(projects, projects.c.id == c.project)
        .where(c.process.in_(sa.select(process_snapshots.c.id).where(_deploys())))
        .order_by(c.id.desc())
    )
    rows = connection.execute(statement).all()
    wanted = [(row, tuple(_named(processes[row.process], row.packages))) for row in rows]
    held = _held(connection, {project for _, named in wanted for project, _ in named})
    return tuple(
        Naming(ReleaseId(row.id), ProjectId(row.project), f"{row.name} {row.version}", *held[one])
        for row, named in wanted
        for one in named
        if one in held
    )


def _deploys() -> sa.ColumnElement[bool]:
    return sa.cast(process_snapshots.c.process, sa.Text).like(f'%"{DEPLOY_RELEASE}"%')


def _frozen(connection: sa.Connection) -> dict[str, Process]:
    rows = connection.execute(sa.select(process_snapshots.c.id, process_snapshots.c.process).where(_deploys()))
    return {row.id: from_data(Process, row.process) for row in rows}


def _named(process: Process, chosen: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for action in children_of(process):
        if not action.is_disabled and (version := child_version(action, chosen)):
            yield project_of(action), version


def _held(connection: sa.Connection, wanted: Collection[str]) -> dict[tuple[str, str], tuple[ReleaseId, ProjectId]]:
    """By the project's name, and by its id, and version."""
    statement = (
        sa.select(releases.c.id, releases.c.version, projects.c.id.label("project"), projects.c.name)
        .join(projects, projects.c.id == releases.c.project)
        .where(projects.c.name.in_(wanted) | projects.c.id.in_(wanted))
    )
    found: dict[tuple[str, str], tuple[ReleaseId, ProjectId]] = {}
    for row in connection.execute(statement):
        its = (ReleaseId(row.id), ProjectId(row.project))
        found |= {(row.name, row.version): its, (row.project, row.version): its}
    return found
