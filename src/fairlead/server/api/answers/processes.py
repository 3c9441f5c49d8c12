"""What is told of processes."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from fairlead.domain.process import (
    NoTarget,
    PackageRedeployment,
    PackageRequirement,
    RunCondition,
    RunLocation,
    StartTrigger,
    UnavailableTargets,
    UnhealthyTargets,
)
from fairlead.server.api.answers.lists import Moment


class ActionTemplate(TypedDict):
    """A step template, as an action uses it."""

    name: str
    version: int
    parameters: dict[str, str]


class ProcessAction(TypedDict):
    """What is done, and where it does not apply. With a template, `properties` are its affair and not shown here."""

    name: str
    kind: str
    template: ActionTemplate | None
    properties: dict[str, Any]
    runs_on: RunLocation
    worker_pool: str
    environments: list[str]
    excluded_environments: list[str]
    channels: list[str]
    tenant_tags: list[str]
    condition: RunCondition
    expression: str
    retries: int
    timeout_s: float
    required: bool
    disabled: bool


class ProcessStep(TypedDict):
    """Actions that run in order, on each target or on none."""

    name: str
    actions: list[ProcessAction]
    start: StartTrigger
    condition: RunCondition
    expression: str
    target_tags: list[str]
    window: int
    parallelism: int
    package_requirement: PackageRequirement


class Process(TypedDict):
    """A project's process, or that of a release; `text` is it as YAML, `revision` 0 where there is none to edit."""

    project: str
    steps: list[ProcessStep]
    no_target: NoTarget
    guided: bool | None
    author_may_approve: bool
    unavailable_targets: UnavailableTargets
    unhealthy_targets: UnhealthyTargets
    package_redeployment: PackageRedeployment
    hash: str
    text: str
    revision: int
    changed_at: Moment | None
    changed_by: str


class ActionKind(TypedDict):
    """A kind of action; `schema` is the JSON Schema of its properties."""

    name: str
    description: str
    schema: dict[str, Any]
