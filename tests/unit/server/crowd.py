"""Books of a large house, written as rows: so many projects, environments, releases, runs, tasks and deployments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from fairlead.domain.approval import Approval
from fairlead.domain.channel import Channel
from fairlead.domain.colour import Colour
from fairlead.domain.deployment import Deployment, DeploymentOutcome, DeploymentState
from fairlead.domain.environment import Environment
from fairlead.domain.event import Event
from fairlead.domain.ids import (
    ApprovalId,
    ChannelId,
    DeploymentId,
    EnvironmentId,
    LifecycleId,
    ProjectId,
    ReleaseId,
    RunId,
    TargetId,
    TaskId,
    TenantId,
)
from fairlead.domain.project import Project, Source
from fairlead.domain.release import Release
from fairlead.domain.run import Run, RunState
from fairlead.domain.slot import Slot, SlotState
from fairlead.domain.target import Target, TargetKind
from fairlead.domain.task import Task, TaskState
from fairlead.domain.tenant import Tenant
from fairlead.domain.variable import Dimension, Variable
from fairlead.ports.catalogue import Place
from fairlead.ports.clock import Ids
from fairlead.store import (
    approvals,
    channels,
    deployments,
    environments,
    events,
    lifecycles,
    projects,
    releases,
    runs,
    slots,
    targets,
    tasks,
    tenants,
    variables,
)
from fairlead.store.database import Connection, Database
from fairlead.store.rows import to_row
from fairlead.store.schema import place_values

AT_ONCE = 5_000
"""Rows of one statement."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many; `deployments` in all, spread evenly over projects and environments."""

    projects: int
    environments: int
    deployments: int
    releases_each: int = 20
    waiting: int = 20
    targets: int = 5
    tenants: int = 5
    variables_each: int = 3


def fill(database: Database, ids: Ids, at: datetime, size: Size) -> None:
    """The books hold that many from now on, beside what they hold. Every tenth deployment was rolled back."""
    with database.transaction() as connection:
        line = lifecycles.by_name(connection, "Default").id
        places = _environments(connection, ids, size.environments)
        owners = _projects(connection, ids, line, at, size.projects)
        made = _releases(connection, ids, owners, at, size.releases_each)
        _deployments(connection, ids, owners, places, made, at, size)
        _targets(connection, ids, places, at, size.targets)
        _tenants(connection, ids, owners, places, size.tenants)
        _variables(connection, ids, owners, places, at, size.variables_each)


def _environments(connection: Connection, ids: Ids, count: int) -> list[Environment]:
    known = list(environments.all_of(connection))
    for number in range(len(known) + 1, count + 1):
        made = Environment(EnvironmentId(ids.new("env")), f"Stage {number:02}", number)
        environments.insert(connection, made)
        known.append(made)
    return known


def _projects(connection: Connection, ids: Ids, line: LifecycleId, at: datetime, count: int) -> list[Project]:
    made = []
    for number in range(count):
        name = f"project-{number:04}"
        source = Source(f"https://git.test/{name}.git", webhook=f"hook-{number:04}")
        one = Project(ProjectId(ids.new("prj")), name, line, at, title=f"Project {number}", source=source)
        projects.insert(connection, one)
        channels.insert(connection, Channel(ChannelId(ids.new("chn")), one.id))
        made.append(one)
    return made


def _releases(
    connection: Connection, ids: Ids, owners: list[Project], at: datetime, each: int
) -> dict[ProjectId, list[Release]]:
    made: dict[ProjectId, list[Release]] = {one.id: [] for one in owners}
    rows: list[dict[str, object]] = []
    run_rows: list[dict[str, object]] = []
    for number in range(each):
        for owner in owners:
            channel = channels.default_of(connection, owner.id).id
            run = Run(RunId(ids.new("run")), number + 1, owner.id, "main", "4be1" * 10, at)
            release = Release(
                ReleaseId(ids.new("rel")),
                owner.id,
                channel,
                f"1.{number}.0",
                at,
                images={"web": "registry.test/web@sha256:" + "ab12" * 16},
                commit="4be1" * 10,
                run=run.id,
            )
            run_rows.append(to_row(replace(run, state=RunState.SUCCEEDED, release=release.id, ended_at=at)))
            rows.append(to_row(release))
            made[owner.id].append(release)
    _insert(connection, runs.runs, run_rows)
    _insert(connection, releases.releases, rows)
    return made


def _deployments(
    connection: Connection,
    ids: Ids,
    owners: list[Project],
    places: list[Environment],
    made: dict[ProjectId, list[Release]],
    at: datetime,
    size: Size,
) -> None:
    each = max(1, size.deployments // (len(owners) * len(places)))
    rows: dict[sa.Table, list[dict[str, object]]] = {
        tasks.tasks: [],
        deployments.deployments: [],
        events.events: [],
        slots.slots: [],
        approvals.approvals: [],
    }
    for number in range(each):
        when = at + timedelta(minutes=number)
        for owner in owners:
            release = made[owner.id][number % size.releases_each]
            for place in places:
                one = _deployment(ids, owner, place, release, number + 1, when)
                is_waiting = (
                    number == each - 1 and place is places[-1] and len(rows[approvals.approvals]) < size.waiting
                )
                if is_waiting:
                    one = replace(one, state=DeploymentState.WAITING, outcome=DeploymentOutcome.NONE, committed_at=None)
                    asked = Approval(ApprovalId(ids.new("apr")), one.id, owner.id, place.id, "hash", when)
                    rows[approvals.approvals].append(to_row(asked))
                rows[deployments.deployments].append(to_row(one))
                rows[tasks.tasks].append(_task(owner, place, release, one))
                rows[events.events].append(_event(ids, owner, place, one))
                if number == each - 1:
                    rows[slots.slots].append(_slot(owner, place, release, one))
    for number, row in enumerate(rows[events.events], start=1):
        row["sequence"] = -number  # beside the chain, which counts up from 1
    for table, held in rows.items():
        _insert(connection, table, held)


def _deployment(
    ids: Ids, owner: Project, place: Environment, release: Release, number: int, at: datetime
) -> Deployment:
    is_live = number % 10 != 0
    return Deployment(
        DeploymentId(ids.new("dep")),
        number,
        owner.id,
        release.id,
        place.id,
        at,
        state=DeploymentState.ENDED,
        outcome=DeploymentOutcome.LIVE if is_live else DeploymentOutcome.ROLLED_BACK,
        task=TaskId(ids.new("tsk")),
        colour=Colour.BLUE,
        created_by="fairlead",
        committed_at=at if is_live else None,
        ended_at=at,
        switched=is_live,
        code="" if is_live else "tests.failed",
        reason="" if is_live else "the tests said no",
    )


def _task(owner: Project, place: Environment, release: Release, one: Deployment) -> dict[str, object]:
    made = Task(
        one.task or TaskId(""),
        "deployment",
        f"Deploy {owner.name} {release.version} to {place.name}",
        one.created_at,
        subject=one.id,
        project=owner.name,
        environment=place.name,
        state=TaskState.SUCCEEDED if one.switched else TaskState.ROLLED_BACK,
        ended_at=one.ended_at,
        begun_at=one.created_at,
    )
    return {**to_row(made), "turn": made.tags[0]}


def _event(ids: Ids, owner: Project, place: Environment, one: Deployment) -> dict[str, object]:
    message = f"deployment {one.number} ended"
    return to_row(
        Event(
            ids.new("ev"),
            one.created_at,
            "fairlead",
            "deployment.ended",
            message,
            thing=one.id,
            project=owner.name,
            environment=place.name,
        )
    )


def _slot(owner: Project, place: Environment, release: Release, one: Deployment) -> dict[str, object]:
    held = Slot(Colour.BLUE, SlotState.LIVE, one.id, release.id, release.version)
    return {**to_row(held), **place_values(Place(owner.name, place.name))}


def _targets(connection: Connection, ids: Ids, places: list[Environment], at: datetime, count: int) -> None:
    where = tuple(one.id for one in places)
    for number in range(count):
        name, tags = f"crowd-{number:04}", ("web", f"rack-{number % 20}")
        targets.insert(connection, Target(TargetId(ids.new("tgt")), name, TargetKind.LOCAL, at, where, tags))


def _tenants(connection: Connection, ids: Ids, owners: list[Project], places: list[Environment], count: int) -> None:
    where = tuple(one.id for one in places)
    for number in range(count):
        connections = {owners[(number + more) % len(owners)].id: where for more in range(min(3, len(owners)))}
        made = Tenant(TenantId(ids.new("tnt")), f"crowd-{number:04}", "one of many", connections=connections)
        tenants.insert(connection, made)


def _variables(
    connection: Connection, ids: Ids, owners: list[Project], places: list[Environment], at: datetime, each: int
) -> None:
    for owner in owners:
        for number in range(each):
            scope = {Dimension.ENVIRONMENT: frozenset({places[number % len(places)].id})} if number % 2 else {}
            made = Variable(
                ids.new("var"), f"Crowd.Number{number:04}", f"value {number}", scope=scope, project=owner.id
            )
            variables.insert(connection, made, at=at, by="fairlead")


def _insert(connection: Connection, table: sa.Table, rows: list[dict[str, object]]) -> None:
    for part in _parts(rows):
        connection.execute(sa.insert(table), part)


def _parts(rows: list[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    starts: Iterable[int] = range(0, len(rows), AT_ONCE)
    return (rows[start : start + AT_ONCE] for start in starts)
