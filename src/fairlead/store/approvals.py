"""Approvals: rows that wait for a person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from fairlead.domain.approval import Approval, ApprovalState
from fairlead.domain.ids import DeploymentId, EnvironmentId, ProjectId, TenantId
from fairlead.store.rows import nouns
from fairlead.store.schema import instant, key, link, metadata, number, text
from fairlead.store.shelf import Condition, Page, Shelf

approvals = sa.Table(
    "approvals",
    metadata,
    key(),
    link("deployment", "deployments.id", index=True),
    link("project", "projects.id"),
    link("environment", "environments.id"),
    text("plan_hash"),
    instant("created_at"),
    text("tenant", nullable=True),
    text("state"),
    instant("answered_at", nullable=True),
    text("answered_by"),
    text("note"),
    number("revision"),
    instant("expires_at", nullable=True),
    sa.Index("ix_approvals_state", "state", "project", "environment"),
)

_shelf = Shelf(approvals, Approval, unknown="approval.unknown")
insert, get, find, update, change = _shelf.insert, _shelf.get, _shelf.find, _shelf.update, _shelf.change


def of_deployment(connection: sa.Connection, deployment: DeploymentId) -> tuple[Approval, ...]:
    """All that were asked for the deployment, in order."""
    return _shelf.where(connection, approvals.c.deployment == deployment)


def of_deployments(connection: sa.Connection, ids: Iterable[DeploymentId]) -> dict[DeploymentId, Approval]:
    """The approval that was asked last for each of the deployments; those without any are left out. One query."""
    wanted = tuple(set(ids))
    found = _shelf.where(connection, approvals.c.deployment.in_(wanted)) if wanted else ()
    return {one.deployment: one for one in found}


def waiting(
    connection: sa.Connection,
    *more: Condition,
    project: ProjectId | None = None,
    environment: EnvironmentId | None = None,
) -> tuple[Approval, ...]:
    """Those that wait for an answer, the oldest first."""
    conditions = [approvals.c.state == ApprovalState.WAITING.value]
    conditions += [] if project is None else [approvals.c.project == project]
    conditions += [] if environment is None else [approvals.c.environment == environment]
    return _shelf.where(connection, *conditions, *more)


def expired(connection: sa.Connection, at: datetime) -> tuple[Approval, ...]:
    """Those that wait, and whose time is over; the oldest first."""
    c = approvals.c
    return _shelf.where(connection, c.state == ApprovalState.WAITING.value, c.expires_at <= at)


def of_tenant(tenant: TenantId | None) -> Condition:
    """The condition that a deployment for this tenant is asked about; None: one for nobody."""
    return approvals.c.tenant.is_not_distinct_from(tenant)


def waiting_by_place(
    connection: sa.Connection, projects: Iterable[str]
) -> dict[tuple[ProjectId, EnvironmentId, TenantId | None], Approval]:
    """For each project, environment and tenant the one that waits, of several the newest; one query."""
    found = nouns(Approval, connection.execute(_waiting_of(), {"projects": list(set(projects))}))
    return {(one.project, one.environment, one.tenant): one for one in found}


@cache
def _waiting_of() -> sa.Select[Any]:
    asked: sa.BindParameter[str] = sa.bindparam("projects", expanding=True)
    here = (approvals.c.state == ApprovalState.WAITING.value, approvals.c.project.in_(asked))
    return sa.select(approvals).where(*here).order_by(approvals.c.id)


def count_waiting(connection: sa.Connection, *more: Condition, most: int) -> int:
    """How many wait for an answer, counted up to `most`."""
    return connection.execute(_counted(*more) if more else _ALL_COUNTED, {"most": most}).scalar_one()


def _counted(*more: Condition) -> sa.Select[int]:
    limit: sa.BindParameter[int] = sa.bindparam("most", type_=sa.Integer)
    here = sa.select(approvals.c.id).where(approvals.c.state == ApprovalState.WAITING.value, *more).limit(limit)
    return sa.select(sa.func.count()).select_from(here.subquery())


_ALL_COUNTED = _counted()
"""Every page asks for it, of most people without a condition."""


def page(
    connection: sa.Connection,
    *more: Condition,
    state: ApprovalState | None = None,
    project: ProjectId | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[Approval]:
    """Those that fit, `more` too, the newest first."""
    equal = {"state": state.value if state else None, "project": project}
    return _shelf.page(connection, *more, equal=equal, after=after, limit=limit)
