"""What an actor may do, and the built-in roles that bundle it."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """One for each kind of act; a use case names the one that it needs."""

    VIEW = "view"
    PROJECT_EDIT = "project.edit"
    VARIABLE_EDIT = "variable.edit"
    RELEASE_CREATE = "release.create"
    RUN_START = "run.start"
    DEPLOYMENT_CREATE = "deployment.create"
    DEPLOYMENT_APPROVE = "deployment.approve"
    TASK_CANCEL = "task.cancel"
    EXEC = "exec"
    ENVIRONMENT_EDIT = "environment.edit"
    CERTIFICATE_EDIT = "certificate.edit"
    POLICY_EDIT = "policy.edit"
    USER_EDIT = "user.edit"
    SERVER_ADMINISTER = "server.administer"


class RoleName(StrEnum):
    """The built-in roles, each holding what the one before it holds."""

    VIEWER = "viewer"
    DEPLOYER = "deployer"
    MAINTAINER = "maintainer"
    ADMINISTRATOR = "administrator"


_VIEWER = frozenset({Permission.VIEW})
_DEPLOYER = _VIEWER | {
    Permission.RELEASE_CREATE,
    Permission.RUN_START,
    Permission.DEPLOYMENT_CREATE,
    Permission.DEPLOYMENT_APPROVE,
    Permission.TASK_CANCEL,
}
_MAINTAINER = _DEPLOYER | {
    Permission.PROJECT_EDIT,
    Permission.VARIABLE_EDIT,
    Permission.CERTIFICATE_EDIT,
    Permission.EXEC,
}

ROLES: dict[RoleName, frozenset[Permission]] = {
    RoleName.VIEWER: _VIEWER,
    RoleName.DEPLOYER: _DEPLOYER,
    RoleName.MAINTAINER: _MAINTAINER,
    RoleName.ADMINISTRATOR: frozenset(Permission),
}
