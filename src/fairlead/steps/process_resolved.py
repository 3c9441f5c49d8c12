"""A process resolved for one deployment: its steps with their targets, and why what does not run does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead.domain.condition import SUCCESS, Condition
from fairlead.domain.package import PackageFile
from fairlead.domain.process import DEPLOY_SERVICES, ActionTarget, Process, ResolvedAction, StartTrigger
from fairlead.domain.record import Json
from fairlead.domain.retention import KEEP_ALL, Keep


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """An action at one place. `skipped` says why it surely does not run there."""

    resolved: ResolvedAction
    when: Condition = SUCCESS
    skipped: str = ""

    @property
    def deploys_services(self) -> bool:
        """Whether the project's services are deployed by it."""
        return self.resolved.action.kind == DEPLOY_SERVICES and not self.skipped


@dataclass(frozen=True, slots=True)
class PlannedPlace:
    """What a step does on one target, or (`target` None) once."""

    actions: tuple[PlannedAction, ...]
    target: ActionTarget | None = None


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step; `skipped` says why it surely does not run. `at_once` bounds its targets, `parallelism` the parallel
    group that it begins. `kept` is what its actions gave in an earlier deployment, by the keys of their effects: it
    is not run again then."""

    name: str
    places: tuple[PlannedPlace, ...]
    start: StartTrigger = StartTrigger.AFTER_PREVIOUS
    when: Condition = SUCCESS
    skipped: str = ""
    at_once: int = 1
    parallelism: int = 1
    kept: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class ResolvedProcess:
    """All of it. `choice` is what was chosen for this deployment, as its intention tells it; `packages` are those that
    its actions take files from, `script_commits` action → commit of scripts from other repositories; `is_guided`: a
    person is asked where an action fails. `keep_files` is how much of packages on targets is kept there."""

    process: Process
    steps: tuple[PlannedStep, ...]
    choice: Mapping[str, Json] = field(default_factory=dict)
    packages: Mapping[str, PackageFile] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    is_guided: bool = False
    script_commits: Mapping[str, str] = field(default_factory=dict)
    keep_files: Keep = KEEP_ALL

    @property
    def deploys_services(self) -> bool:
        """Whether the project's services are deployed here."""
        return any(
            action.deploys_services
            for step in self.steps
            if not step.skipped
            for place in step.places
            for action in place.actions
        )
