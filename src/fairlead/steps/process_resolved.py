"""A process resolved for one deployment: its steps with their targets, and why what does not run does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fairlead.domain.condition import SUCCESS, Condition
from fairlead.domain.package import PackageFile
from fairlead.domain.process import (
    DEFAULT_PARALLELISM,
    DEPLOY_SERVICES,
    ActionTarget,
    PackageRequirement,
    Process,
    ResolvedAction,
    StartTrigger,
)
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
    requirement: PackageRequirement = PackageRequirement.ANY

    @property
    def may_run(self) -> bool:
        """Whether it may run here: it is not left out, and was not finished before."""
        return not self.skipped and self.kept is None

    @property
    def to_run(self) -> Iterator[ResolvedAction]:
        """Its actions that may run, at each place."""
        places = self.places if self.may_run else ()
        return (action.resolved for place in places for action in place.actions if not action.skipped)

    @property
    def deploys_services(self) -> bool:
        """Whether the project's services are deployed by it."""
        return any(one.action.kind == DEPLOY_SERVICES for one in self.to_run)


@dataclass(frozen=True, slots=True)
class ResolvedProcess:
    """All of it. `choice` is what was chosen for this deployment, as its intention tells it; `packages` are those that
    its actions take files from, `script_commits` action → commit of scripts from other repositories, `step_images`
    action → image of its container by digest; `is_guided`: a person is asked where an action fails. `keep_files` is how
    much of packages on targets is kept there, `acquire_at_once` to how many places packages come at once."""

    process: Process
    steps: tuple[PlannedStep, ...]
    choice: Mapping[str, Json] = field(default_factory=dict)
    packages: Mapping[str, PackageFile] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    is_guided: bool = False
    script_commits: Mapping[str, str] = field(default_factory=dict)
    keep_files: Keep = KEEP_ALL
    acquire_at_once: int = DEFAULT_PARALLELISM
    step_images: Mapping[str, str] = field(default_factory=dict)

    @property
    def deploys_services(self) -> bool:
        """Whether the project's services are deployed here."""
        return any(step.deploys_services for step in self.steps)
