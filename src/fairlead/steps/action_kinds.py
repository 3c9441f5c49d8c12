"""Every kind of action that is built in, by the name that processes call it."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.domain.plan import Node
from fairlead.domain.process import DEPLOY_SERVICES, ResolvedAction
from fairlead.domain.record import Json
from fairlead.ports.step import ActionKind, EffectKind
from fairlead.steps.configure_files import ConfigureFiles
from fairlead.steps.container_kinds import BuildImageAction, RunTestsAction
from fairlead.steps.create_network import CreateNetwork
from fairlead.steps.deploy_package import DeployPackage
from fairlead.steps.deploy_release import DeployRelease
from fairlead.steps.effects.kinds import DEPLOYMENT_EFFECTS
from fairlead.steps.health_check import HealthCheck
from fairlead.steps.http_check import HttpCheck
from fairlead.steps.manual_intervention import ManualIntervention
from fairlead.steps.notify import Notify
from fairlead.steps.run_container import RunContainer
from fairlead.steps.script import Script
from fairlead.steps.stop_container import StopContainer


class DeployServicesHere:
    """Deploys the project's services where it stands in a process: what comes before and after it is part of the same
    deployment, with one commit point. Planned by `steps.run_process`, which knows the deployment."""

    name = DEPLOY_SERVICES
    schema: Mapping[str, Json] = {
        "type": "object",
        "description": "deploys the project's services, blue-green, as part of this deployment",
        "additionalProperties": False,
        "properties": {},
    }
    effects: Mapping[str, EffectKind] = DEPLOYMENT_EFFECTS

    def plan(self, resolved: ResolvedAction) -> Node:
        """Never asked."""
        raise AssertionError("the services are planned with the deployment")


_BUILT_IN: tuple[ActionKind, ...] = (
    DeployServicesHere(),
    DeployPackage(),
    DeployRelease(),
    HealthCheck(),
    HttpCheck(),
    ManualIntervention(),
    Notify(),
    Script(),
    BuildImageAction(),
    RunTestsAction(),
    RunContainer(),
    CreateNetwork(),
    StopContainer(),
    ConfigureFiles(),
)
ACTION_KINDS: Mapping[str, ActionKind] = {kind.name: kind for kind in _BUILT_IN}
