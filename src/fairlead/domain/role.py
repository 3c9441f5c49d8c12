"""Roles: named bundles of permissions, built in or an installation's own, that teams hold in a scope."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.ids import RoleId
from fairlead.domain.permission import ROLES, Permission, RoleName


@dataclass(frozen=True, slots=True)
class Role:
    """The id of a built-in role is its name in small letters with dashes, and stays so."""

    id: RoleId
    name: str
    permissions: frozenset[Permission]
    description: str = ""
    revision: int = 1


def _role(name: str, description: str, *permissions: Permission) -> Role:
    held = frozenset(permissions) | {Permission.VIEW}
    return Role(RoleId(name.lower().replace(" ", "-")), name, held, description)


_P = Permission
_DEPLOYING = (_P.DEPLOYMENT_CREATE, _P.TASK_CANCEL)
_CONTRIBUTING = (_P.PROJECT_EDIT, _P.PROCESS_EDIT, _P.VARIABLE_EDIT, _P.RUNBOOK_EDIT, _P.TRIGGER_EDIT)

BUILT_IN: tuple[Role, ...] = (
    Role(RoleId("viewer"), "Viewer", ROLES[RoleName.VIEWER], "looks at everything but secret values"),
    Role(RoleId("deployer"), "Deployer", ROLES[RoleName.DEPLOYER], "starts runs, makes releases, deploys, approves"),
    Role(RoleId("maintainer"), "Maintainer", ROLES[RoleName.MAINTAINER], "also changes projects and variables"),
    Role(RoleId("administrator"), "Administrator", ROLES[RoleName.ADMINISTRATOR], "may everything"),
    _role("Build server", "pushes what it built: releases and their deployments", _P.RELEASE_CREATE, *_DEPLOYING),
    _role("Release creator", "makes releases", _P.RELEASE_CREATE),
    _role("Deployment creator", "deploys releases that there are", *_DEPLOYING),
    _role("Project viewer", "looks at projects"),
    _role("Project contributor", "changes projects, their processes, variables, runbooks and triggers", *_CONTRIBUTING),
    _role(
        "Project deployer",
        "changes projects, and deploys them",
        *_CONTRIBUTING,
        *_DEPLOYING,
        _P.DEPLOYMENT_APPROVE,
        _P.RUNBOOK_RUN,
    ),
    _role(
        "Project lead",
        "as a project deployer, and makes releases, starts runs and runs commands",
        *_CONTRIBUTING,
        *_DEPLOYING,
        _P.DEPLOYMENT_APPROVE,
        _P.RUNBOOK_RUN,
        _P.RELEASE_CREATE,
        _P.RUN_START,
        _P.EXEC,
    ),
    _role("Environment viewer", "looks at environments and what is in them"),
    _role("Environment editor", "changes environments and targets", _P.ENVIRONMENT_EDIT, _P.TARGET_EDIT),
    _role("Runbook producer", "writes runbooks, and runs them", _P.RUNBOOK_EDIT, _P.RUNBOOK_RUN, _P.TASK_CANCEL),
    _role("Runbook consumer", "runs runbooks", _P.RUNBOOK_RUN),
    _role("Tenant editor", "changes tenants", _P.TENANT_EDIT),
    _role("Certificate editor", "gives the proxy its certificates", _P.CERTIFICATE_EDIT),
    _role("Approver", "answers approvals", _P.DEPLOYMENT_APPROVE),
)
"""Octopus's built-in roles, as far as Fairlead has what they are about
(https://octopus.com/docs/security/users-and-teams/default-permissions), and Fairlead's own four."""

BY_ID = {role.id: role for role in BUILT_IN}


def is_built_in(role: Role) -> bool:
    """Whether it is one that nobody can change."""
    return role.id in BY_ID
