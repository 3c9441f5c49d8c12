"""Deployments: the newest first, by place, and where a release has been live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from fairlead.domain.deployment import Committed, Deployment, DeploymentOutcome, DeploymentState, Latest
from fairlead.domain.ids import ChannelId, EnvironmentId, ProjectId, ReleaseId, TaskId, TenantId
from fairlead.domain.task import TaskState
from fairlead.store import counters
from fairlead.store.releases import releases as release_table
from fairlead.store.rows import nouns
from fairlead.store.schema import data, flag, instant, key, link, metadata, number, real, text
from fairlead.store.shelf import Condition, Page, Shelf
from fairlead.store.tasks import tasks as task_table

deployments = sa.Table(
    "deployments",
    metadata,
    key(),
    number("number"),
    link("project", "projects.id"),
    link("release", "releases.id", index=True),
    link("environment", "environments.id"),
    instant("created_at"),
    text("tenant", nullable=True),
    text("kind"),
    text("state"),
    text("outcome"),
    text("variables"),
    text("plan_hash"),
    text("colour", nullable=True),
    text("task", nullable=True, unique=True),
    text("created_by"),
    text("approved_by"),
    flag("is_forced"),
    data("recreate_accessories"),
    data("choice"),
    instant("committed_at", nullable=True),
    instant("ended_at", nullable=True),
    flag("switched"),
    text("reached"),
    text("code"),
    text("reason"),
    text("hint"),
    number("revision"),
    instant("not_before", nullable=True),
    instant("not_after", nullable=True),
    text("freeze_override"),
    text("parent", nullable=True),
    text("parent_key"),
    flag("waits_for_thaw"),
    text("held_by"),
    real("keep_failed_s"),
    text("keep_asked_by"),
    instant("marked_at", nullable=True),
    text("marked_by"),
    text("marked_why"),
    sa.Index("ix_deployments_project", "project", "id"),
    sa.Index("ix_deployments_place", "project", "environment", "tenant", "id"),
    sa.Index("ix_deployments_live", "project", "environment", "tenant", "committed_at"),
    sa.Index("ix_deployments_ended", "project", "ended_at"),
    sa.Index("ix_deployments_state", "state", "id"),
    sa.Index("ix_deployments_outcome", "outcome", "id"),
    sa.Index("ix_deployments_parent", "parent", "parent_key", unique=True),
)


_shelf = Shelf(deployments, Deployment, unknown="deployment.unknown")
insert, get, find, update, change = _shelf.insert, _shelf.get, _shelf.find, _shelf.update, _shelf.change
many = _shelf.many

_c = deployments.c
_STATES = {state.value: state for state in DeploymentState}
_OUTCOMES = {outcome.value: outcome for outcome in DeploymentOutcome}
_PROJECTS: sa.BindParameter[str] = sa.bindparam("projects", expanding=True)
_IS_LIVE = _c.outcome == DeploymentOutcome.LIVE.value


def next_number(connection: sa.Connection, project: ProjectId, environment: EnvironmentId) -> int:
    """The number of the next deployment there, from 1."""
    return counters.next_of(connection, f"deployments/{project}/{environment}")


def by_number(connection: sa.Connection, project: ProjectId, environment: EnvironmentId, number: int) -> Deployment:
    """The deployment of this number there; NotFound `deployment.unknown`."""
    c = deployments.c
    found = _shelf.one(connection, c.project == project, c.environment == environment, c.number == number)
    return _shelf.require(found, str(number))


def of_task(connection: sa.Connection, task: TaskId) -> Deployment | None:
    """The deployment that the task carries out; None where it carries out another thing."""
    return _shelf.one(connection, _c.task == task)


def marked(connection: sa.Connection, ids: Sequence[str], *more: Condition) -> list[Deployment]:
    """Those of them that a person marked as failed, `more` of them too."""
    asked = sa.select(deployments).where(_c.id.in_(ids), _c.marked_at.is_not(None), *more)
    return nouns(Deployment, connection.execute(asked))


def child(connection: sa.Connection, parent: TaskId, key: str) -> Deployment | None:
    """The deployment that the task asked for under that key; None before it did."""
    return _shelf.one(connection, _c.parent == parent, _c.parent_key == key)


def children_in_line(connection: sa.Connection, tag: str) -> tuple[TaskId, ...]:
    """The tasks of those that another deployment's step asked for, and that wait for the concurrency tag; the oldest
    first."""
    c = task_table.c
    waits = (sa.or_(c.turn == tag, c.concurrency_tag == tag), c.state == TaskState.QUEUED.value)
    asked = sa.select(c.id).join(deployments, _c.task == c.id).where(*waits, _c.parent.is_not(None))
    return tuple(map(TaskId, connection.execute(asked.order_by(c.id)).scalars()))


def unfinished_children(connection: sa.Connection, parent: TaskId) -> tuple[Deployment, ...]:
    """Those that the task asked for and that have not ended. Their rows are held until the transaction ends: one ends
    before it is looked at here, or after what was decided here can be seen."""
    statement = sa.select(deployments).where(_c.parent == parent).order_by(_c.id).with_for_update()
    return tuple(one for one in nouns(Deployment, connection.execute(statement)) if not one.has_ended)


def page(
    connection: sa.Connection,
    *more: Condition,
    project: ProjectId | None = None,
    environment: EnvironmentId | None = None,
    tenant: TenantId | None = None,
    release: ReleaseId | None = None,
    version: str = "",
    state: DeploymentState | None = None,
    outcome: DeploymentOutcome | None = None,
    number: int | None = None,
    parent: TaskId | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Deployment]:
    """Those that fit, `more` too, the newest first."""
    wanted = {"project": project, "environment": environment, "release": release, "state": state, "outcome": outcome}
    more += () if tenant is None else (_c.tenant == tenant,)
    more += (_c.release.in_(_called(version)),) if version else ()
    more += () if number is None else (_c.number == number,)
    more += () if parent is None else (_c.parent == parent,)
    equal = {name: str(value) for name, value in wanted.items() if value is not None}
    return _shelf.page(connection, *more, equal=equal, after=after, limit=limit)


def _called(version: str) -> sa.Select[tuple[str]]:
    return sa.select(release_table.c.id).where(release_table.c.version == version)


def asked_beyond(connection: sa.Connection, release: str, places: Sequence[str]) -> Deployment | None:
    """One of the release, to an environment that is none of these, that came as far as a task; None where none did."""
    beyond = (_c.release == release, _c.task.is_not(None), _c.environment.not_in(places))
    return _shelf.one(connection, *beyond)


def tried_in(connection: sa.Connection, release: ReleaseId, *more: Condition) -> frozenset[EnvironmentId]:
    """Where the release was asked for, `more` of those, however they ended; but for those that a rule refused before
    they had a task: what was in the way may be gone the next time."""
    refused_at_once = sa.and_(_c.outcome == DeploymentOutcome.REFUSED.value, _c.task.is_(None))
    statement = sa.select(_c.environment).where(_c.release == release, ~refused_at_once, *more)
    return frozenset(EnvironmentId(id) for id in connection.execute(statement.distinct()).scalars())


def reached(connection: sa.Connection, release: ReleaseId, tenant: TenantId | None = None) -> frozenset[EnvironmentId]:
    """Where the release has been live: what lifecycles ask."""
    statement = sa.select(_c.environment).where(_c.release == release, _IS_LIVE, _c.tenant.is_not_distinct_from(tenant))
    return frozenset(EnvironmentId(id) for id in connection.execute(statement.distinct()).scalars())


def reached_by_any(connection: sa.Connection, release: ReleaseId) -> frozenset[EnvironmentId]:
    """Where the release has been live, for anybody."""
    statement = sa.select(_c.environment).where(_c.release == release, _IS_LIVE)
    return frozenset(EnvironmentId(id) for id in connection.execute(statement.distinct()).scalars())


def live_ones(
    connection: sa.Connection,
    project: ProjectId,
    environment: EnvironmentId,
    *more: Condition,
    tenant: TenantId | None = None,
    limit: int = 20,
) -> tuple[Deployment, ...]:
    """Those that went live there, `more` of them, the last to commit first; the first of all is what is live now."""
    here = (_c.project == project, _c.environment == environment, _c.tenant.is_not_distinct_from(tenant))
    return _shelf.where(
        connection,
        *here,
        _c.committed_at.is_not(None),
        *more,
        order=(_c.committed_at.desc(), _c.id.desc()),
        limit=limit,
    )


def of_channel(channel: ChannelId) -> Condition:
    """The condition that a deployment brought a release of the channel."""
    return _c.release.in_(sa.select(release_table.c.id).where(release_table.c.channel == channel))


def of_others(release: ReleaseId, *, before: datetime | None = None) -> Condition:
    """The condition that a deployment brought another release; with `before`, that it went live earlier."""
    return sa.and_(_c.release != release, *([] if before is None else [_c.committed_at < before]))


def asked_next(connection: sa.Connection, one: Deployment) -> Deployment | None:
    """What was asked for next at the same place; None where nothing was."""
    found = _shelf.where(connection, *_at_place_of(one), _c.number > one.number, order=_c.number, limit=1)
    return found[0] if found else None


def live_next(connection: sa.Connection, one: Deployment) -> Deployment | None:
    """What went live next at the same place, after it did; None where nothing did, or it did not."""
    if one.committed_at is None:
        return None
    later = (*_at_place_of(one), _c.committed_at > one.committed_at)
    found = _shelf.where(connection, *later, order=(_c.committed_at, _c.id), limit=1)
    return found[0] if found else None


def live_before(connection: sa.Connection, release: ReleaseId, at: datetime) -> Deployment | None:
    """The one of the release that went live last until then, wherever; None where none did."""
    until = (_c.release == release, _c.committed_at <= at)
    found = _shelf.where(connection, *until, order=(_c.committed_at.desc(), _c.id.desc()), limit=1)
    return found[0] if found else None


def _at_place_of(one: Deployment) -> tuple[Condition, ...]:
    return (_c.project == one.project, _c.environment == one.environment, of_tenant(one.tenant))


def lives(connection: sa.Connection, project: ProjectId) -> tuple[Deployment, ...]:
    """All that ever went live of the project, the last to commit first: what retention goes through."""
    here = (_c.project == project, _c.committed_at.is_not(None))
    return _shelf.where(connection, *here, order=(_c.committed_at.desc(), _c.id.desc()))


def releases_shown(connection: sa.Connection, project: ProjectId) -> frozenset[ReleaseId]:
    """The releases of the newest deployments of the project's places, however they ended: what dashboards show."""
    newest = sa.select(sa.func.max(_c.id)).where(_c.project == project).group_by(_c.environment, _c.tenant)
    return frozenset(map(ReleaseId, connection.execute(sa.select(_c.release).where(_c.id.in_(newest))).scalars()))


def active(
    connection: sa.Connection,
    *more: Condition,
    project: ProjectId | None = None,
    environment: EnvironmentId | None = None,
) -> tuple[Deployment, ...]:
    """Those that have not ended, `more` of them too, the oldest first."""
    unfinished = [state.value for state in DeploymentState if state is not DeploymentState.ENDED]
    conditions: list[Condition] = [_c.state.in_(unfinished)]
    conditions += [] if project is None else [_c.project == project]
    conditions += [] if environment is None else [_c.environment == environment]
    return _shelf.where(connection, *conditions, *more)


def of_tenant(tenant: TenantId | None) -> Condition:
    """The condition that a deployment is this tenant's; None: nobody's."""
    return _c.tenant.is_not_distinct_from(tenant)


def due(connection: sa.Connection, at: datetime, *, limit: int) -> tuple[Deployment, ...]:
    """Scheduled ones whose time has come, and those that nobody approved before their time was over; the earliest
    first."""
    scheduled = sa.and_(_c.state == DeploymentState.SCHEDULED.value, _c.not_before <= at)
    too_late = sa.and_(_c.state == DeploymentState.WAITING.value, _c.not_after <= at)
    return _shelf.where(connection, sa.or_(scheduled, too_late), order=(_c.not_before, _c.id), limit=limit)


def scheduled(connection: sa.Connection) -> tuple[Deployment, ...]:
    """Those that are to begin later, whatever holds them back."""
    return _shelf.where(connection, _c.state == DeploymentState.SCHEDULED.value)


def held_back(
    connection: sa.Connection, *, project: ProjectId | None = None, environment: EnvironmentId | None = None
) -> tuple[Deployment, ...]:
    """Those that a freeze holds back, the oldest first."""
    conditions: list[Condition] = [_c.state == DeploymentState.SCHEDULED.value, _c.held_by != ""]
    conditions += [] if project is None else [_c.project == project]
    conditions += [] if environment is None else [_c.environment == environment]
    return _shelf.where(connection, *conditions)


def latest_by_place(
    connection: sa.Connection, projects: Iterable[str]
) -> Mapping[tuple[ProjectId, EnvironmentId, TenantId | None], Latest]:
    """For each project, environment and tenant the newest deployment with the version of its release; one query."""
    found = {}
    rows = connection.execute(_newest_by_place(), {"projects": list(set(projects))}).all()
    for project, environment, tenant, id, version, state, outcome, task, reason, ended_at in rows:
        found[(project, environment, tenant)] = Latest(
            id, version, _STATES[state], _OUTCOMES[outcome], task, reason, ended_at
        )
    return found


@cache
def _newest_by_place() -> sa.Select[Any]:
    """Built once, as `_last_by_place` is: to build them takes as long as to ask them."""
    place = (_c.project, _c.environment, _c.tenant)
    newest = sa.select(sa.func.max(_c.id)).where(_c.project.in_(_PROJECTS)).group_by(*place)
    version = release_table.c.version
    shown = (*place, _c.id, version, _c.state, _c.outcome, _c.task, _c.reason, _c.ended_at)
    asked = sa.select(*shown).join(release_table, release_table.c.id == _c.release).where(_c.id.in_(newest))
    return asked.order_by(_c.id)


def committed_by_place(
    connection: sa.Connection, projects: Iterable[str]
) -> Mapping[tuple[ProjectId, EnvironmentId, TenantId | None], Committed]:
    """For each project, environment and tenant the deployment that went live last; one query."""
    rows = connection.execute(_last_by_place(), {"projects": list(set(projects))}).all()
    return {(project, environment, tenant): Committed(*rest) for project, environment, tenant, *rest in rows}


@cache
def _last_by_place() -> sa.Select[Any]:
    place = (_c.project, _c.environment, _c.tenant)
    here = (_c.project.in_(_PROJECTS), _c.committed_at.is_not(None))
    last = sa.select(*place, sa.func.max(_c.committed_at).label("last")).where(*here).group_by(*place).subquery()
    same = (
        _c.project == last.c.project,
        _c.environment == last.c.environment,
        _c.tenant.is_not_distinct_from(last.c.tenant),
        _c.committed_at == last.c.last,
    )
    shown = (*place, _c.id, _c.kind, _c.release, release_table.c.version, _c.committed_at)
    found = sa.select(*shown).join(last, sa.and_(*same)).join(release_table, release_table.c.id == _c.release)
    return found.order_by(_c.id)
