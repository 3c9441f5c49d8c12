"""One deployment for each of several tenants, asked for at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fairlead.cli.session import API, Session, segment
from fairlead.domain.errors import Invalid

FAILED = 1
OPTIONS = (
    "version",
    "environment",
    "force",
    "skip",
    "only_targets",
    "without_targets",
    "guided",
    "redeploy_packages",
    "prompted",
    "at",
    "not_after",
    "override_freeze",
)
"""What holds for all of them alike."""


def refuse_alone(recreate_accessory: Sequence[str], keep_failed: float, plan: str) -> None:
    """What is of one deployment cannot be said of several: Invalid `input.invalid`."""
    named = {"--recreate-accessory": recreate_accessory, "--keep-failed": keep_failed, "--plan": plan}
    for option, given in named.items():
        if given:
            raise Invalid("input.invalid", f"{option} is for one tenant at a time", thing=option)


def deploy_each(
    at: Session,
    owner: str,
    body: Mapping[str, Any],
    tenants: Sequence[str],
    tags: Sequence[str],
    *,
    wait: bool,
    timeout_s: float,
) -> int:
    """The exit code: not 0 where one was refused or (where they are waited for) did not go well."""
    asked = {name: body[name] for name in OPTIONS} | {"tenants": list(tenants), "tenant_tags": list(tags)}
    found = at.client.post(f"{API}/projects/{segment(owner)}/tenant-deployments", asked)
    columns = {"tenant": "TENANT", "state": "STATE", "id": "DEPLOYMENT", "reason": "REASON"}
    refused = [{**one, "state": "refused", "reason": one["detail"]} for one in found["refused"]]
    if at.screen.as_json:
        at.screen.result(found)
    else:
        at.screen.table([*found["made"], *refused], columns, empty="no tenant")
    ends = [at.follow(one["task"], timeout_s=timeout_s) for one in found["made"] if wait and one["task"]]
    return max([*ends, FAILED if refused else 0])
