"""A team: people who hold roles together, each role in a scope."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fairlead.domain.grant import Grant
from fairlead.domain.ids import EnvironmentId, GroupId, ProjectId, RoleId, TeamId, TenantId
from fairlead.domain.permission import Permission

MOST_ROLES = 100


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a role holds; an empty tuple means everywhere. A project matches if it is named itself or its group is."""

    projects: tuple[ProjectId, ...] = ()
    groups: tuple[GroupId, ...] = ()
    environments: tuple[EnvironmentId, ...] = ()
    tenants: tuple[TenantId, ...] = ()


@dataclass(frozen=True, slots=True)
class TeamRole:
    """A role that every member holds in that scope."""

    role: RoleId
    scope: Scope = Scope()


@dataclass(frozen=True, slots=True)
class Team:
    """Its members are kept beside it (store.teams); `revision` counts edits of both."""

    id: TeamId
    name: str
    created_at: datetime
    description: str = ""
    roles: tuple[TeamRole, ...] = ()
    revision: int = 1


def grants_of(
    roles: Iterable[TeamRole],
    permissions: Mapping[RoleId, frozenset[Permission]],
    grouped: Mapping[GroupId, Iterable[ProjectId]],
) -> tuple[Grant, ...]:
    """What the roles give. `grouped` holds the projects of every group that a scope names; a role that is not there
    any more gives nothing. A group's own id stands beside those of its projects: to add a project to the group."""
    return tuple(
        Grant(
            permissions[held.role],
            projects=_projects(held.scope, grouped),
            environments=frozenset(held.scope.environments) or None,
            tenants=frozenset(held.scope.tenants) or None,
        )
        for held in roles
        if held.role in permissions
    )


def _projects(scope: Scope, grouped: Mapping[GroupId, Iterable[ProjectId]]) -> frozenset[str] | None:
    if not scope.projects and not scope.groups:
        return None
    inside = {project for group in scope.groups for project in grouped.get(group, ())}
    return frozenset({*scope.projects, *scope.groups, *inside})
