"""What an actor may do, and in which ways a permission can be restricted."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    """One for each kind of act; a use case names the one that it needs."""

    VIEW = "view"
    PROJECT_EDIT = "project.edit"
    PROCESS_EDIT = "process.edit"
    VARIABLE_EDIT = "variable.edit"
    RELEASE_CREATE = "release.create"
    RUN_START = "run.start"
    DEFECT_REPORT = "defect.report"
    DEFECT_RESOLVE = "defect.resolve"
    DEPLOYMENT_CREATE = "deployment.create"
    DEPLOYMENT_APPROVE = "deployment.approve"
    TASK_CANCEL = "task.cancel"
    RUNBOOK_EDIT = "runbook.edit"
    RUNBOOK_RUN = "runbook.run"
    TRIGGER_EDIT = "trigger.edit"
    EXEC = "exec"
    ENVIRONMENT_EDIT = "environment.edit"
    TARGET_EDIT = "target.edit"
    TENANT_EDIT = "tenant.edit"
    LIFECYCLE_EDIT = "lifecycle.edit"
    LIBRARY_EDIT = "library.edit"
    FREEZE_EDIT = "freeze.edit"
    FREEZE_OVERRIDE = "freeze.override"
    CERTIFICATE_EDIT = "certificate.edit"
    POLICY_EDIT = "policy.edit"
    SUBSCRIPTION_EDIT = "subscription.edit"
    USER_EDIT = "user.edit"
    SERVER_ADMINISTER = "server.administer"


class ScopeKind(StrEnum):
    """In which ways a permission can be restricted. Project groups are a way of naming projects."""

    PROJECT = "project"
    ENVIRONMENT = "environment"
    TENANT = "tenant"


_PROJECT = frozenset({ScopeKind.PROJECT})
_ENVIRONMENT = frozenset({ScopeKind.ENVIRONMENT})
_TENANT = frozenset({ScopeKind.TENANT})
_PLACE = _PROJECT | _ENVIRONMENT | _TENANT
_NONE: frozenset[ScopeKind] = frozenset()

RESTRICTABLE: Mapping[Permission, frozenset[ScopeKind]] = {
    Permission.VIEW: _PLACE,
    Permission.PROJECT_EDIT: _PROJECT,
    Permission.PROCESS_EDIT: _PROJECT,
    Permission.VARIABLE_EDIT: _PLACE,
    Permission.RELEASE_CREATE: _PROJECT,
    Permission.RUN_START: _PROJECT,
    Permission.DEFECT_REPORT: _PROJECT,
    Permission.DEFECT_RESOLVE: _PROJECT,
    Permission.DEPLOYMENT_CREATE: _PLACE,
    Permission.DEPLOYMENT_APPROVE: _PLACE,
    Permission.TASK_CANCEL: _PLACE,
    Permission.RUNBOOK_EDIT: _PROJECT,
    Permission.RUNBOOK_RUN: _PLACE,
    Permission.TRIGGER_EDIT: _PROJECT,
    Permission.EXEC: _PLACE,
    Permission.ENVIRONMENT_EDIT: _ENVIRONMENT,
    Permission.TARGET_EDIT: _ENVIRONMENT,
    Permission.TENANT_EDIT: _TENANT,
    Permission.LIFECYCLE_EDIT: _NONE,
    Permission.LIBRARY_EDIT: _NONE,
    Permission.FREEZE_EDIT: _NONE,
    Permission.FREEZE_OVERRIDE: _PLACE,
    Permission.CERTIFICATE_EDIT: _NONE,
    Permission.POLICY_EDIT: _PROJECT | _ENVIRONMENT,
    Permission.SUBSCRIPTION_EDIT: _NONE,
    Permission.USER_EDIT: _NONE,
    Permission.SERVER_ADMINISTER: _NONE,
}
"""Octopus says the same of its own: "Deploy releases to target environments (restrictable to Environments, Projects,
Tenants)". One that cannot be restricted belongs to the whole installation, and no scoped role gives it."""


class RoleName(StrEnum):
    """The built-in roles that a user can hold everywhere, each holding what the one before it holds; with `none` a user
    may only what teams give."""

    NONE = "none"
    VIEWER = "viewer"
    DEPLOYER = "deployer"
    MAINTAINER = "maintainer"
    ADMINISTRATOR = "administrator"


_VIEWER = frozenset({Permission.VIEW})
_DEPLOYER = _VIEWER | {
    Permission.RELEASE_CREATE,
    Permission.RUN_START,
    Permission.DEFECT_REPORT,
    Permission.DEPLOYMENT_CREATE,
    Permission.DEPLOYMENT_APPROVE,
    Permission.TASK_CANCEL,
    Permission.RUNBOOK_RUN,
}
_MAINTAINER = _DEPLOYER | {
    Permission.PROJECT_EDIT,
    Permission.DEFECT_RESOLVE,
    Permission.PROCESS_EDIT,
    Permission.VARIABLE_EDIT,
    Permission.RUNBOOK_EDIT,
    Permission.TRIGGER_EDIT,
    Permission.TENANT_EDIT,
    Permission.CERTIFICATE_EDIT,
    Permission.EXEC,
}

ROLES: dict[RoleName, frozenset[Permission]] = {
    RoleName.NONE: frozenset(),
    RoleName.VIEWER: _VIEWER,
    RoleName.DEPLOYER: _DEPLOYER,
    RoleName.MAINTAINER: _MAINTAINER,
    RoleName.ADMINISTRATOR: frozenset(Permission),
}
