"""A process: the recipe of a deployment or a runbook, as steps of actions; with the rules that every process keeps.

The words and rules are Octopus's. A step runs on targets (or on none) and holds one action or more; its actions run in
order on each target before that target is done. Which targets, how many at once, when it starts and whether it runs at
all belongs to the step; what is done, and where it does not apply, belongs to the action. Names of environments,
channels and tags are as people write them, compared without regard to case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fairlead.domain.installed_package import UNOWNED, Owner
from fairlead.domain.package import PackageFile
from fairlead.domain.record import Json, fingerprint, to_data
from fairlead.domain.registry_login import RegistryLogin
from fairlead.domain.step_image import CREATE_NETWORK, RUN_CONTAINER, STOP_CONTAINER
from fairlead.domain.step_template import UsedTemplate
from fairlead.domain.substitution import substitute
from fairlead.domain.text import Text

MOST_STEPS = 500
MOST_ACTIONS = 50
"""In one step. What is longer than that nobody reads."""
MOST_RETRIES = 3
LONGEST_TIMEOUT_S = 7 * 86_400.0
DEFAULT_PARALLELISM = 10
"""How many steps of a parallel group, and how many targets of a step, run at once: Octopus's
`Octopus.Action.MaxParallelism` (docs, administration/managing-infrastructure/run-multiple-processes-on-a-target)."""
MOST_PARALLELISM = 200

DEPLOY_SERVICES = "deploy-services"
MANUAL_INTERVENTION = "manual-intervention"
DEPLOY_RELEASE = "deploy-release"
HEALTH_CHECK = "health-check"
DEPLOY_PACKAGE = "deploy-package"
NOT_REPEATED = frozenset({DEPLOY_SERVICES, MANUAL_INTERVENTION, DEPLOY_RELEASE, HEALTH_CHECK, "notify"})
"""Kinds without retries and timeout, as in Octopus (docs, projects/steps/conditions): they ask a person or another
process, or have patience of their own."""
TAKEN_BACK = frozenset({DEPLOY_PACKAGE, RUN_CONTAINER, CREATE_NETWORK, STOP_CONTAINER})
"""Kinds beside services whose work a failure takes back whole."""


class StartTrigger(StrEnum):
    """When a step starts: a run of steps that start with the previous is one parallel group."""

    AFTER_PREVIOUS = "after-previous"
    WITH_PREVIOUS = "with-previous"


class RunCondition(StrEnum):
    """Whether it runs, by what happened before it in the whole deployment; `VARIABLE` goes by its expression alone."""

    SUCCESS = "success"
    FAILURE = "failure"
    ALWAYS = "always"
    VARIABLE = "variable"


class PackageRequirement(StrEnum):
    """What a step asks of when packages are acquired: nothing, or that it comes behind it, or before it."""

    ANY = "any"
    AFTER = "after-acquisition"
    BEFORE = "before-acquisition"


class RunLocation(StrEnum):
    """Where an action runs: on each target itself, once at the server, once on a worker, or on a worker for each
    target of the step."""

    TARGETS = "targets"
    SERVER = "server"
    WORKER = "worker"
    WORKER_FOR_TARGETS = "worker-for-targets"

    @property
    def is_for_each_target(self) -> bool:
        """Whether it runs once for each target."""
        return self in (RunLocation.TARGETS, RunLocation.WORKER_FOR_TARGETS)


class NoTarget(StrEnum):
    """What becomes of a deployment one of whose steps no target matches."""

    REFUSE = "refuse"
    SKIP = "skip"


class UnavailableTargets(StrEnum):
    """What becomes of a run that finds a target of its steps not answering when it begins: whatever meets it fails, or
    it is left out."""

    FAIL = "fail"
    SKIP = "skip"


class UnhealthyTargets(StrEnum):
    """Whether steps run on a target that answers, but that its last health check found not well."""

    INCLUDE = "include"
    EXCLUDE = "exclude"


class PackageRedeployment(StrEnum):
    """What becomes of a package that lies on a target already, deployed there by the same action in the same version,
    with the same bytes: it is deployed again, or the action is skipped."""

    ALWAYS = "always"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Action:
    """What is done. `kind` names the action kind that reads `properties`; their texts may hold ``#{…}``.

    `environments`, `channels` and `tenant_tags` limit where it applies, empty: everywhere; `excluded_environments` is
    where it does not. Tags of one set are alternatives, sets must all fit (`Set/Tag`). `is_required`: nobody may skip
    it. `retries` is how often it is tried again. `timeout_s` 0: none. `condition` is its own, judged on each target;
    `expression` belongs to the condition *variable*. With a `template`, `kind` and `properties` are its version's.
    """

    name: str
    kind: str
    properties: Mapping[str, Json] = field(default_factory=dict)
    runs_on: RunLocation = RunLocation.SERVER
    worker_pool: str = ""
    environments: tuple[str, ...] = ()
    excluded_environments: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    tenant_tags: tuple[str, ...] = ()
    condition: RunCondition = RunCondition.SUCCESS
    expression: str = ""
    retries: int = 0
    timeout_s: float = 0.0
    is_required: bool = False
    is_disabled: bool = False
    template: UsedTemplate | None = None

    @property
    def must_run(self) -> bool:
        """Whether nobody may skip it: it is required, or asks a team that is responsible, as in Octopus."""
        return self.is_required or (self.kind == MANUAL_INTERVENTION and bool(self.properties.get("teams")))


@dataclass(frozen=True, slots=True)
class ProcessStep:
    """Actions that run in order, on each target that has one of `target_tags` (none: not on targets).

    `window` is how many targets are in hand at once, in the order of their names, none begun after one failed; 0: as
    many as `parallelism` allows. `parallelism` also bounds the parallel group that the step begins.
    """

    name: str
    actions: tuple[Action, ...]
    start: StartTrigger = StartTrigger.AFTER_PREVIOUS
    condition: RunCondition = RunCondition.SUCCESS
    expression: str = ""
    target_tags: tuple[str, ...] = ()
    window: int = 0
    parallelism: int = DEFAULT_PARALLELISM
    package_requirement: PackageRequirement = PackageRequirement.ANY

    @property
    def is_for_each_target(self) -> bool:
        """Whether its actions run once for each target."""
        return bool(self.target_tags)

    @property
    def deploys_services(self) -> bool:
        """Whether the project's services are deployed by it."""
        return any(action.kind == DEPLOY_SERVICES for action in self.actions)

    @property
    def is_taken_back(self) -> bool:
        """Whether a deployment that fails takes away again what it did: packages, containers, networks."""
        return any(action.kind in TAKEN_BACK for action in self.actions)

    @property
    def at_once(self) -> int:
        """How many targets are in hand at once: a window holds, whatever parallelism allows."""
        return self.window or self.parallelism


@dataclass(frozen=True, slots=True)
class Process:
    """Steps in order. `is_guided`: a person is asked what to do where an action fails; None: where the environment says
    so. `author_may_approve`: whether
    those whose change a release is may answer its interventions."""

    steps: tuple[ProcessStep, ...] = ()
    no_target: NoTarget = NoTarget.REFUSE
    is_guided: bool | None = None
    author_may_approve: bool = True
    unavailable_targets: UnavailableTargets = UnavailableTargets.FAIL
    unhealthy_targets: UnhealthyTargets = UnhealthyTargets.INCLUDE
    package_redeployment: PackageRedeployment = PackageRedeployment.ALWAYS

    @property
    def leaves_targets_out(self) -> bool:
        """Whether a run looks at its targets before it does anything, to leave some out."""
        is_skipping = self.unavailable_targets is UnavailableTargets.SKIP
        return is_skipping or self.unhealthy_targets is UnhealthyTargets.EXCLUDE

    @property
    def hash(self) -> str:
        """The fingerprint of all of it."""
        return fingerprint(to_data(self))

    @property
    def actions(self) -> Iterator[tuple[ProcessStep, Action]]:
        """Every action with its step, in order."""
        return ((step, action) for step in self.steps for action in step.actions)

    @property
    def deploys_services(self) -> bool:
        """Whether the project's services are deployed by it."""
        return any(action.kind == DEPLOY_SERVICES for _, action in self.actions)

    @property
    def target_tags(self) -> tuple[str, ...]:
        """The tags that its steps choose targets by, in order."""
        return tuple(tag for step in self.steps for tag in step.target_tags)

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages of the feed that its actions take files from, each once whatever its case, in order."""
        named = (str(action.properties[PACKAGE]) for _, action in self.actions if action.properties.get(PACKAGE))
        return tuple({name.lower(): name for name in reversed(list(named))}.values())[::-1]


PACKAGE = "package"
"""The property of an action that names a package of the feed, from which it takes its files."""


@dataclass(frozen=True, slots=True)
class ProcessChoice:
    """What somebody chose for one deployment. `skip` names steps or actions that are left out; `only_targets` are the
    only ones that it runs on (empty: all), `without_targets` those that it does not run on. Targets by name or id.
    `is_guided`: whether a person is asked where something fails; None: as the process says, or the environment.
    `kept` are steps that the failed deployment `kept_from` had finished, and that are not run again.
    `redeploys_packages`: packages are deployed also where they lie already, whatever the process says."""

    skip: tuple[str, ...] = ()
    only_targets: tuple[str, ...] = ()
    without_targets: tuple[str, ...] = ()
    is_guided: bool | None = None
    kept: tuple[str, ...] = ()
    kept_from: str = ""
    redeploys_packages: bool = False


NO_CHOICE = ProcessChoice()


@dataclass(frozen=True, slots=True)
class ActionTarget:
    """A target by its id and name."""

    id: str
    name: str


_KEY = re.compile(r"\[([^\[\]]+)\](?:\[([^\[\]]+)\])?")


def action_key(action: str, target: str = "") -> str:
    """How the keys of all effects of an action begin, on a target or on none. Names hold no brackets."""
    return f"[{action}][{target}]" if target else f"[{action}]"


def action_of(key: str) -> tuple[str, str] | None:
    """The action and the target ("" for none) that an effect's key belongs to; None where it is of none."""
    found = _KEY.match(key)
    return (found[1], found[2] or "") if found else None


@dataclass(frozen=True, slots=True)
class ResolvedAction:
    """An action as it is to be planned for one target, or for none.

    `variables` are those that hold there, by names of any case (`known_variables.Known`), secrets by reference.
    `key` begins the key of every effect of it: unique within the plan and the same in every plan of the same process,
    release and target. `worker` is the worker that runs it, where one does.
    `chosen` is the version that the release names for the action, as it does for packages; `package` the one that its
    property of that name says, in the release's version; `commit` that of the other repository that its script is
    from. `logins` open registries that are not Fairlead's own. `owner` is for whom it runs, by names, whatever
    variables say. `reuses_package`: what an earlier one left of the package there is used, where it is the same.
    `image` is the one, by digest, of the container that it runs; "" where a variable names it.
    """

    action: Action
    step: str
    key: str
    target: ActionTarget | None = None
    worker: ActionTarget | None = None
    variables: Mapping[str, Text] = field(default_factory=dict)
    chosen: str = ""
    package: PackageFile | None = None
    logins: tuple[RegistryLogin, ...] = ()
    commit: str = ""
    owner: Owner = UNOWNED
    reuses_package: bool = False
    image: str = ""

    @property
    def place(self) -> str:
        """Where it runs, as effects name it: a target's or a worker's name, or ``local`` for the server."""
        if self.action.runs_on is RunLocation.TARGETS and self.target:
            return self.target.name
        return self.worker.name if self.worker else "local"

    def text(self, property: str, default: str = "") -> Text:
        """The property with its variables put in; `Invalid` naming the step where one has no value."""
        found = self.action.properties.get(property, default)
        where = f"{property} of {self.action.name}"
        return substitute(str(found), self.variables.get, where=where, names=self.variables)
