"""The shape of a process as people write it: what YAML files and API bodies are checked against."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from fairlead.domain.process import (
    DEFAULT_PARALLELISM,
    LONGEST_TIMEOUT_S,
    MOST_ACTIONS,
    MOST_PARALLELISM,
    MOST_RETRIES,
    MOST_STEPS,
    NoTarget,
    PackageRedeployment,
    PackageRequirement,
    RunCondition,
    RunLocation,
    StartTrigger,
    UnavailableTargets,
    UnhealthyTargets,
)
from fairlead.domain.step_template import MOST_PARAMETERS
from fairlead.formats.shape import Shape

LONGEST_EXPRESSION = 4000


class TemplateModel(Shape):
    """A step template, as an action uses it."""

    name: str = Field(description="which one", min_length=1, max_length=100)
    version: int = Field(description="which of its versions", ge=1, le=1_000_000_000)
    parameters: dict[str, str] = Field(
        default_factory=dict,
        description="values of its parameters, by name; #{…} is put in where it runs",
        max_length=MOST_PARAMETERS,
    )


class ActionModel(Shape):
    """What is done, and where it does not apply."""

    name: str = Field(description="unique in the process; variables name it", max_length=100)
    kind: str = Field("", description="which kind of action it is; with a template its", max_length=40)
    template: TemplateModel | None = Field(None, description="the step template that gives its kind and properties")
    properties: dict[str, Any] = Field(default_factory=dict, description="what the kind is told")
    runs_on: RunLocation | None = Field(
        None, description="targets (where the step has target tags), worker-for-targets, server or worker"
    )
    worker_pool: str = Field("", description="the pool that the worker is of", max_length=100)
    environments: list[str] = Field(default_factory=list, description="only there; empty: everywhere", max_length=200)
    excluded_environments: list[str] = Field(default_factory=list, description="not there", max_length=200)
    channels: list[str] = Field(default_factory=list, description="only for releases of these channels", max_length=200)
    tenant_tags: list[str] = Field(
        default_factory=list, description="only for tenants with these tags, as Set/Tag", max_length=200
    )
    condition: RunCondition = Field(RunCondition.SUCCESS, description="its own condition, judged on each target")
    expression: str = Field("", description="for the condition variable", max_length=LONGEST_EXPRESSION)
    retries: int = Field(0, description="how often it is tried again", ge=0, le=MOST_RETRIES)
    timeout_s: float = Field(0.0, description="seconds that one attempt may take; 0: any", ge=0, le=LONGEST_TIMEOUT_S)
    required: bool = Field(default=False, description="nobody may skip it")
    disabled: bool = Field(default=False, description="it is left out")


class StepModel(Shape):
    """Actions that run in order, on each target or on none."""

    name: str = Field(description="unique in the process", max_length=100)
    actions: list[ActionModel] = Field(min_length=1, max_length=MOST_ACTIONS, description="in order")
    start: StartTrigger = Field(StartTrigger.AFTER_PREVIOUS, description="after the previous step, or with it")
    condition: RunCondition = Field(RunCondition.SUCCESS, description="success, failure, always or variable")
    expression: str = Field("", description="for the condition variable", max_length=LONGEST_EXPRESSION)
    target_tags: list[str] = Field(
        default_factory=list, description="runs on every target with one of these tags", max_length=50
    )
    window: int = Field(0, description="rolling: how many targets at once; 0: no window", ge=0, le=MOST_PARALLELISM)
    parallelism: int = Field(
        DEFAULT_PARALLELISM,
        description="how many targets, or steps of the parallel group, at once at most",
        ge=1,
        le=MOST_PARALLELISM,
    )
    package_requirement: PackageRequirement = Field(
        PackageRequirement.ANY, description="whether it comes before or after packages and images are acquired"
    )


class ProcessModel(Shape):
    """A process."""

    steps: list[StepModel] = Field(default_factory=list, max_length=MOST_STEPS, description="in order")
    no_target: NoTarget = Field(NoTarget.REFUSE, description="what becomes of a step that no target matches")
    guided: bool | None = Field(
        default=None,
        description="whether a person is asked what to do where an action fails; as environments say without",
    )
    author_may_approve: bool = Field(default=True, description="whether authors of the change may answer what it asks")
    unavailable_targets: UnavailableTargets = Field(
        UnavailableTargets.FAIL,
        description="what becomes of a target that does not answer when a run begins: what meets it fails, or skip it",
    )
    unhealthy_targets: UnhealthyTargets = Field(
        UnhealthyTargets.INCLUDE, description="whether a target that its last health check found not well is used"
    )
    package_redeployment: PackageRedeployment = Field(
        PackageRedeployment.ALWAYS,
        description="a package that lies on a target already, in the same version: deployed again, or skipped",
    )
