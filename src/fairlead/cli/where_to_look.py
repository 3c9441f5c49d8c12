"""Which command lists what an error says is not there."""

from __future__ import annotations

from fairlead.domain.errors import FairleadError, NotFound

LISTS = {
    "approval.unknown": "approvals list",
    "certificate.unknown": "certificates list",
    "channel.unknown": "channels list",
    "deployment.unknown": "deployments list",
    "environment.unknown": "environments list",
    "credential.unknown": "federated-credentials list",
    "freeze.unknown": "freezes list",
    "group.unknown": "groups list",
    "identity.unknown": "identity-providers list",
    "interruption.unknown": "interruptions list",
    "key.unknown": "keys list",
    "library_set.unknown": "library-sets list",
    "lifecycle.unknown": "lifecycles list",
    "notification.unknown": "notifications list",
    "package.unknown": "packages list",
    "policy.unknown": "policy list",
    "project.unknown": "projects list",
    "registry.unknown": "registries list",
    "release.unknown": "release list",
    "role.unknown": "roles list",
    "run.unknown": "runs list",
    "runbook.unknown": "runbooks list",
    "step_template.unknown": "step-templates list",
    "subscription.unknown": "subscriptions list",
    "target.unknown": "targets list",
    "task.unknown": "tasks list",
    "team.unknown": "teams list",
    "tenant.unknown": "tenants list",
    "trigger.unknown": "triggers list",
    "user.unknown": "users list",
}


def hint_of(error: FairleadError) -> str:
    """What to do next: as the error says, else where that is listed which it did not find."""
    if not error.hint and error.code == "auth.required":
        return "fairlead login, or another key in FAIRLEAD_API_KEY"
    if error.code == "task.unknown" and error.thing.startswith("dep-"):
        return f"that is a deployment: fairlead deployments show {error.thing} tells its task"
    if error.hint or not isinstance(error, NotFound) or error.code not in LISTS:
        return error.hint
    return f"those that there are: fairlead {LISTS[error.code]}"
