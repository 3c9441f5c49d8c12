"""What settings of Octopus say of how a process runs, besides its steps: guided failure, targets that are not there.

Settings of a project's deployments and of a runbook have them alike
(https://octopus.com/docs/projects/version-control/config-as-code-reference).
"""

from __future__ import annotations

from typing import Any

from fairlead.domain.process import NoTarget, PackageRedeployment, UnavailableTargets, UnhealthyTargets
from fairlead.formats.octopus.report import Report, Taking


def behaviour_of(taking: Taking, report: Report) -> dict[str, Any]:
    """Fields of a process that are otherwise than they are by default."""
    found: dict[str, Any] = {}
    mode = taking.text("default_guided_failure_mode", "whether a person is asked where an action fails").lower()
    if mode in ("on", "off"):
        found["is_guided"] = mode == "on"
    if taking.flag("default_to_skip_if_already_installed", "a package that lies on a target already"):
        found["package_redeployment"] = PackageRedeployment.SKIP
    for block in taking.blocks("connectivity_policy"):
        report.taken(block, "targets that are not there, do not answer or are not well")
        found |= _connectivity(Taking(block, report))
    return found


def _connectivity(taking: Taking) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if taking.flag("allow_deployments_to_no_targets", "what becomes of a step that no target matches"):
        found["no_target"] = NoTarget.SKIP
    if taking.text("skip_machine_behavior", "targets that do not answer").lower() == "skipunavailablemachines":
        found["unavailable_targets"] = UnavailableTargets.SKIP
    if taking.flag("exclude_unhealthy_targets", "targets that are not well"):
        found["unhealthy_targets"] = UnhealthyTargets.EXCLUDE
    taking.leave(taking.block.get("target_roles"), "what does not answer is left out whatever tags it has")
    taking.rest()
    return found
