"""A release's process resolved for one deployment: which steps run on which targets there, with which variables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from fairlead.domain import system_variables
from fairlead.domain.channel import Channel
from fairlead.domain.condition import condition_of
from fairlead.domain.deployment import Deployment
from fairlead.domain.errors import Invalid, NotFound, Refused
from fairlead.domain.ids import DeploymentId
from fairlead.domain.installed_package import Owner
from fairlead.domain.lifecycle import files_kept
from fairlead.domain.process import (
    PACKAGE,
    Action,
    ActionTarget,
    NoTarget,
    PackageRedeployment,
    ProcessChoice,
    ProcessStep,
    ResolvedAction,
    RunLocation,
    action_key,
    action_of,
)
from fairlead.domain.record import Json, to_data
from fairlead.domain.system_variables import SystemVariables
from fairlead.domain.target import Target, chosen, kept_out
from fairlead.domain.tenant import fits
from fairlead.domain.variable_table import VariableTable
from fairlead.steps.process_resolved import PlannedAction, PlannedPlace, PlannedStep, ResolvedProcess
from fairlead.store import channels, deployments, processes, targets, tasks, variables
from fairlead.store.database import Connection
from fairlead.usecases import lines
from fairlead.usecases.brought import changes_of, variables_of
from fairlead.usecases.context import Context
from fairlead.usecases.going import Going
from fairlead.usecases.packages_taken import packages_of
from fairlead.usecases.parallelism import targets_at_once
from fairlead.usecases.process_checking import require_steps, there_are
from fairlead.usecases.process_surroundings import StepThere, Surroundings, acquire_at_once
from fairlead.usecases.registries import logins as registry_logins
from fairlead.usecases.values import lookup_in, releases_before, warnings_of

OUTPUTS = "process.outputs"
"""The fact of a task that holds what its actions gave, by the keys of their effects."""

NOT_YET = "not-yet"
"""The id of a deployment and of a task that are only looked at."""


def process_at(
    context: Context,
    connection: Connection,
    going: Going,
    snapshot: str,
    choice: ProcessChoice,
    deployment: Deployment | None,
) -> ResolvedProcess | None:
    """The release's process as it is to run there; None, and nothing is asked, where it has none of its own. Invalid
    `process.step_unknown` where steps of none are to be skipped, and what `resolve_process` raises."""
    project, environment, release, tenant = going.project, going.environment, going.release, going.tenant
    if not release.process:
        _refuse_choice(choice)
        return None
    process = processes.snapshot(connection, release.process)
    known = targets.all_of(connection)
    here = chosen(known, environment.id, process.target_tags, tenant=tenant)
    channel = channels.get(connection, release.channel)
    system = _system(context, connection, going, channel, choice, here, deployment)
    scope = going.scope
    frozen, finished = variables.snapshot(connection, snapshot).variables, _finished(connection, choice)
    table = VariableTable(frozen)
    at = Surroundings(
        process,
        choice,
        environment,
        channel.name,
        system,
        known,
        table,
        scope,
        tenant,
        finished=finished,
        packages=release.packages,
        files_from=packages_of(connection, process, release.packages),
        logins=registry_logins(connection),
        script_commits=release.script_commits,
        owner=Owner(project.name, environment.name, tenant.name if tenant else ""),
        keep_files=files_kept(lines.of_release(connection, project, release), environment.id),
        step_images=release.step_images,
    )
    made = resolve_process(at)
    if made.deploys_services:
        return made
    return replace(made, warnings=(*made.warnings, *warnings_of(frozen, scope, lookup_in(table.at(scope), system))))


def _finished(connection: Connection, choice: ProcessChoice) -> Mapping[str, Json]:
    """What the actions of the deployment gave that this one goes on from."""
    before = deployments.find(connection, DeploymentId(choice.kept_from)) if choice.kept_from else None
    held = tasks.facts_of(connection, before.task).get(OUTPUTS) if before and before.task else None
    return held if isinstance(held, dict) else {}


def _system(
    context: Context,
    connection: Connection,
    going: Going,
    channel: Channel,
    choice: ProcessChoice,
    here: Sequence[Target],
    deployment: Deployment | None,
) -> SystemVariables:
    """What the product gives to every step of the deployment. Before there is one, what tells of itself stands for what
    will: the intention does not cover it."""
    project, environment, release, tenant = going.project, going.environment, going.release, going.tenant
    parts = [
        system_variables.of_server(context.installation.url),
        system_variables.of_project(project),
        system_variables.of_environment(environment),
        system_variables.of_release(project, release, channel),
        system_variables.of_targets(
            {str(target.id): target.name for target in here},
            specific=choice.only_targets,
            excluded=choice.without_targets,
        ),
        system_variables.of_tagged_targets(dict(tags_of(here))),
        variables_of(changes_of(context, connection, going, deployment), release),
        *([system_variables.of_tenant(tenant)] if tenant else []),
    ]
    name = f"Deploy {project.name} {release.version} to {going.place.shown}"
    asked_at = deployment.created_at if deployment else context.clock.now()
    parts += [
        releases_before(connection, environment, release, tenant),
        system_variables.of_deployment(
            deployment.id if deployment else NOT_YET,
            name,
            number=deployment.number if deployment else 0,
            created_at=asked_at,
            created_by=deployment.created_by if deployment else "",
        ),
        system_variables.of_task(
            (deployment.task if deployment else None) or NOT_YET,
            name,
            asked_at,
            tag=going.place.tag,
        ),
    ]
    return SystemVariables(*parts)


def _refuse_choice(choice: ProcessChoice) -> None:
    for name in (*choice.skip, *choice.only_targets, *choice.without_targets):
        raise Invalid(
            "process.step_unknown",
            f"the release has no process of its own: there is nothing to choose by {name[:80]!r}",
            thing=name[:80],
        )


def resolve_process(at: Surroundings) -> ResolvedProcess:
    """All of it. Invalid `process.step_unknown`, `process.target_choice`, NotFound `process.target_unknown`, Refused
    `process.skip_required`, `process.no_target` and `process.no_worker`."""
    return _Resolving(at).resolve()


@dataclass(frozen=True)
class _Resolving:
    at: Surroundings

    def resolve(self) -> ResolvedProcess:
        self._check_choice()
        warnings: list[str] = []
        steps = tuple(self._step(number, step, warnings) for number, step in enumerate(self.at.process.steps, 1))
        choice = to_data(replace(self.at.choice, skip=tuple(sorted(self.at.choice.skip))))
        assert isinstance(choice, dict)
        at_once = acquire_at_once(self.at, warnings)
        return ResolvedProcess(
            self.at.process,
            steps,
            choice,
            self.at.files_from,
            tuple(warnings),
            is_guided=self._is_guided(),
            script_commits=self.at.script_commits,
            keep_files=self.at.keep_files,
            acquire_at_once=at_once,
            step_images=self.at.step_images,
        )

    @property
    def _reuses_packages(self) -> bool:
        """As the process says, but where it was chosen that all are deployed again."""
        is_skipping = self.at.process.package_redeployment is PackageRedeployment.SKIP
        return is_skipping and not self.at.choice.redeploys_packages

    def _is_guided(self) -> bool:
        """As chosen for this deployment, else as the process says, else as the environment does."""
        said = (self.at.choice.is_guided, self.at.process.is_guided)
        return next((one for one in said if one is not None), self.at.environment.is_guided)

    # What was chosen

    def _check_choice(self) -> None:
        choice, process = self.at.choice, self.at.process
        if choice.only_targets and choice.without_targets:
            raise Invalid(
                "process.target_choice",
                "targets are named both as the only ones and as excluded",
                thing="targets",
                hint="name either those that it runs on, or those that it does not",
            )
        require_steps(process, choice.skip)
        for step, action in process.actions:
            if action.must_run and self._is_skipped(step, action):
                raise Refused(
                    "process.skip_required",
                    f"{action.name} is required and cannot be skipped",
                    thing=action.name,
                )
        known = self.at.targets
        for name in (*choice.only_targets, *choice.without_targets):
            if not any(_is_called(target, name) for target in self._here):
                raise NotFound(
                    "process.target_unknown",
                    f"{name[:80]!r} is not a target that the process runs on in {self.at.environment.name}"
                    + self._kept_out(self.at.process.target_tags, [one for one in known if _is_called(one, name)]),
                    thing=name[:80],
                    hint=there_are([target.name for target in self._here]),
                )

    def _is_skipped(self, step: ProcessStep, action: Action) -> bool:
        return bool({step.name.lower(), action.name.lower()} & {name.lower() for name in self.at.choice.skip})

    # Steps

    def _step(self, number: int, step: ProcessStep, warnings: list[str]) -> PlannedStep:
        at_step = StepThere(self.at, number, step)
        made = PlannedStep(
            step.name,
            (),
            step.start,
            condition_of(step.condition, step.expression, at_step.variables(None, step.actions[0])),
            parallelism=at_step.parallelism(warnings),
            requirement=step.package_requirement,
        )
        if step.name in self.at.choice.kept:
            names = {action.name for action in step.actions}
            finished = {key: held for key, held in self.at.finished.items() if _action_of(key) in names}
            return replace(made, kept=finished)
        reasons = {action.name: self._why_not(step, action) for action in step.actions}
        if all(reasons.values()):
            return replace(made, skipped=next(iter(reasons.values())))
        targets, skipped = self._targets(step)
        if skipped:
            return replace(made, skipped=skipped)
        at_once = targets_at_once(step, made.parallelism, warnings)
        places = tuple(self._place(at_step, target, reasons) for target in targets)
        return replace(made, places=places, at_once=at_once)

    def _why_not(self, step: ProcessStep, action: Action) -> str:
        """Why the action surely does not run in this deployment, "" where it may."""
        here, channel = self.at.environment.name, self.at.channel
        if action.is_disabled:
            return "it is disabled"
        if self._is_skipped(step, action):
            return "somebody chose to skip it"
        if action.environments and not _names(here, action.environments):
            return f"it is only for {', '.join(action.environments)}"
        if _names(here, action.excluded_environments):
            return f"it is not for {here}"
        if action.channels and not _names(channel, action.channels):
            return f"it is only for the channel {' or '.join(action.channels)}"
        if not fits(self.at.tenant.tags if self.at.tenant else (), action.tenant_tags):
            return f"it is only for tenants with {', '.join(action.tenant_tags)}"
        return ""

    def _targets(self, step: ProcessStep) -> tuple[Sequence[Target | None], str]:
        """Those that it runs on, or why it does not run."""
        if not step.is_for_each_target:
            return (None,), ""
        fitting = _fitting(self._here, step)
        if not fitting:
            reason = f"no target in {self.at.environment.name} has the tag {' or '.join(step.target_tags)}"
            excluded = self._kept_out(step.target_tags)
            how = "let one serve it: fairlead targets set --tenancy" if excluded else "add one: fairlead targets add"
            if self.at.process.no_target is NoTarget.REFUSE:
                raise Refused(
                    "process.no_target",
                    f"step {step.name} cannot run: {reason}{excluded}",
                    thing=step.name,
                    hint=f"{how}; or let such steps be left out: no_target: skip",
                )
            return (), reason + excluded
        left = [target for target in fitting if target in self._chosen]
        return (left, "") if left else ((), "all of its targets are left out of this deployment")

    @cached_property
    def _here(self) -> Sequence[Target]:
        """Every target that some step runs on here, by name."""
        return self._with_tags(self.at.process.target_tags)

    def _with_tags(self, tags: Iterable[str]) -> tuple[Target, ...]:
        return chosen(self.at.targets, self.at.environment.id, tags, tenant=self.at.tenant)

    def _kept_out(self, tags: Iterable[str], among: Sequence[Target] | None = None) -> str:
        asked = self.at.targets if among is None else among
        return kept_out(asked, self.at.environment.id, tags, tenant=self.at.tenant)

    @cached_property
    def _chosen(self) -> Sequence[Target]:
        only, without = self.at.choice.only_targets, self.at.choice.without_targets
        return [
            target
            for target in self._here
            if (not only or any(_is_called(target, name) for name in only))
            and not any(_is_called(target, name) for name in without)
        ]

    # Places

    def _place(self, at_step: StepThere, target: Target | None, reasons: Mapping[str, str]) -> PlannedPlace:
        actions = tuple(self._action(at_step, target, action, reasons[action.name]) for action in at_step.step.actions)
        return PlannedPlace(actions, ActionTarget(str(target.id), target.name) if target else None)

    def _action(self, at_step: StepThere, target: Target | None, action: Action, skipped: str) -> PlannedAction:
        variables = at_step.variables(target, action)
        resolved = ResolvedAction(
            action,
            at_step.step.name,
            action_key(action.name, target.name if target else ""),
            ActionTarget(str(target.id), target.name) if target else None,
            None if skipped else self._worker(action),
            variables,
            self.at.packages.get(action.name, ""),
            self.at.files_from.get(str(action.properties.get(PACKAGE) or "").lower()),
            self.at.logins,
            self.at.script_commits.get(action.name, ""),
            self.at.owner,
            self._reuses_packages,
            self.at.step_images.get(action.name, ""),
        )
        return PlannedAction(resolved, condition_of(action.condition, action.expression, variables), skipped)

    def _worker(self, action: Action) -> ActionTarget | None:
        """The worker of the pool that comes first by name; None where the server is the worker."""
        if action.runs_on not in (RunLocation.WORKER, RunLocation.WORKER_FOR_TARGETS) or not action.worker_pool:
            return None
        pool = self._with_tags([action.worker_pool])
        if not pool:
            raise Refused(
                "process.no_worker",
                f"{action.name} runs on a worker of {action.worker_pool}, and none is there"
                + self._kept_out([action.worker_pool]),
                thing=action.worker_pool,
                hint=f"a worker is a target with the pool's name as a tag: fairlead targets add … {action.worker_pool}",
            )
        return ActionTarget(str(pool[0].id), pool[0].name)


def _action_of(key: str) -> str:
    found = action_of(key)
    return found[0] if found else ""


def _fitting(targets: Iterable[Target], step: ProcessStep) -> list[Target]:
    wanted = {tag.lower() for tag in step.target_tags}
    return [target for target in targets if wanted & {tag.lower() for tag in target.tags}]


def _is_called(target: Target, name: str) -> bool:
    return name == target.id or name.lower() == target.name.lower()


def _names(name: str, among: Iterable[str]) -> bool:
    return name.lower() in {one.lower() for one in among}


def tags_of(targets: Iterable[Target]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """For each tag, the ids of the targets that have it."""
    found: dict[str, list[str]] = {}
    for target in targets:
        for tag in target.tags:
            found.setdefault(tag, []).append(str(target.id))
    return ((tag, tuple(ids)) for tag, ids in found.items())
