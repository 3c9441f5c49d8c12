"""The plan of a deployment whose release has a process: one plan, one commit point, the services where they stand.

    step → step → [step | step | step] → … → COMMIT → what follows the switch of services

Steps run in order, contiguous ones that start with the previous side by side; each judges its condition when it is
reached. On its targets a step runs in a sliding window, its actions in order on each. `plan` is pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from fairlead.domain.acquisition import groups_of
from fairlead.domain.interruption import Choice, InterruptionKind, Question
from fairlead.domain.plan import (
    Ask,
    Effect,
    Guided,
    InParallel,
    Node,
    Part,
    Plan,
    Regardless,
    Retry,
    Sequence,
    Step,
    Timeout,
    steps_of,
)
from fairlead.domain.process import DEPLOY_SERVICES, Process, ResolvedAction
from fairlead.domain.record import Json, to_data
from fairlead.ports.step import ActionKind
from fairlead.steps.acquisition import NAME as ACQUIRE_PACKAGES
from fairlead.steps.acquisition import acquire_step, forgetting, position
from fairlead.steps.action_kinds import ACTION_KINDS
from fairlead.steps.bounds import ONWARD_TRIES
from fairlead.steps.deploy_package import tidying
from fairlead.steps.deploy_services import DeployServices
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.choosing_targets import LOOK_S, LOOKED_AT_ONCE, Candidates, ChooseTargets
from fairlead.steps.effects.ends import CommitProcess, KeepFinished, ProcessCommitted
from fairlead.steps.intention import intention
from fairlead.steps.known_later import known_later
from fairlead.steps.left_running import afterwards
from fairlead.steps.plan_ground import ACQUIRE
from fairlead.steps.printing import printing
from fairlead.steps.process_resolved import PlannedAction, PlannedPlace, PlannedStep, ResolvedProcess
from fairlead.steps.resolved import ResolvedDeployment

CHOICE = "Choose targets"
"""The step that comes before the others where the process does without some of its targets."""
MARGIN_S = 120.0
"""Beside what the targets get to answer, some at a time."""
LOOK_TRIES = 3
"""Of asking the books; that a target does not answer is an answer."""
RETRY_PAUSE_S = 5.0
"""Between two attempts of an action."""


def plan(
    resolved: ResolvedDeployment, process: ResolvedProcess | None, kinds: Mapping[str, ActionKind] = ACTION_KINDS
) -> Plan:
    """The plan; without a process of its own a release deploys its services."""
    if process is None:
        return DeployServices().plan(resolved)
    services = DeployServices().plan(resolved) if process.deploys_services else None
    forward = Regardless(tuple(_Compiling(process, services, kinds).all_of_it()))
    after = _afterwards(process)
    meant: dict[str, Json] = {**intention(resolved), "process": _intention(process)}
    if services is not None:
        warnings = tuple(dict.fromkeys((*services.warnings, *process.warnings)))
        notes = (*services.notes, *known_later(process))
        always = Sequence((services.always, after)) if after != Sequence() else services.always
        return replace(services, intention=meant, forward=forward, always=always, warnings=warnings, notes=notes)
    verb = "Roll back" if resolved.kind == "rollback" else "Deploy"
    return Plan(
        task_kind=resolved.kind,
        title=f"{verb} {resolved.place.project} {resolved.version} to {resolved.place.shown}",
        intention=meant,
        forward=forward,
        commit=_commit(resolved),
        always=after,
        warnings=process.warnings,
        notes=known_later(process),
    )


def _afterwards(process: ResolvedProcess) -> Node:
    """What is tidied up on hosts when all is over: what it replaced, and what it brought for a while."""
    steps = tuple(
        step for step in (tidying(process), afterwards(process), forgetting(process)) if isinstance(step, Step)
    )
    return steps[0] if len(steps) == 1 else Sequence(steps)


def _intention(process: ResolvedProcess) -> Json:
    """The process, who its steps run on, what was chosen, the bytes of each package, the commit of each script from
    another repository and the digest of each image: with the variables' snapshot all that decides."""
    packages = {one.name: [one.version, one.blob] for one in process.packages.values()}
    targets = {step.name: [place.target.name for place in step.places if place.target] for step in process.steps}
    return to_data(
        {
            "process": process.process,
            "targets": {name: names for name, names in targets.items() if names},
            "choice": process.choice,
            **({"packages": packages} if packages else {}),
            **({"script_commits": process.script_commits} if process.script_commits else {}),
            **({"step_images": process.step_images} if process.step_images else {}),
        }
    )


def _targets(process: ResolvedProcess) -> dict[str, str]:
    """Those that its steps run on, by id, in the order in which they come to them."""
    run = (step for step in process.steps if not step.skipped and step.kept is None)
    return {place.target.id: place.target.name for step in run for place in step.places if place.target}


def _chosen(process: Process, targets: Mapping[str, str]) -> Effect:
    candidates = Candidates(targets, process.unavailable_targets, process.unhealthy_targets, process.no_target)
    return Effect(
        ChooseTargets.kind,
        "targets",
        f"look at {', '.join(targets.values())}: who answers and is well",
        arguments(candidates),
        timeout_s=LOOK_S * (1 + len(targets) // LOOKED_AT_ONCE) + MARGIN_S,
        attempts=LOOK_TRIES,
        is_undone=False,
        only_looks=True,
    )


def _commit(resolved: ResolvedDeployment) -> Effect:
    return Effect(
        CommitProcess.kind,
        "commit",
        f"record {resolved.version} as deployed",
        arguments(ProcessCommitted(resolved.deployment, resolved.place)),
        attempts=ONWARD_TRIES,
        is_undone=False,
    )


@dataclass(slots=True)
class _Compiling:
    """Steps to nodes. `services` is the plan that deploys the services, where a step does; `taken` are names of steps
    that are used: people and records tell steps apart by them."""

    process: ResolvedProcess
    services: Plan | None
    kinds: Mapping[str, ActionKind]
    taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.services is not None:
            parts = (self.services.forward, self.services.onward, self.services.always)
            self.taken |= {step.name for part in parts for step in steps_of(part)}

    def all_of_it(self) -> Iterator[Node]:
        """Its steps, behind the choice of their targets where the process does without some."""
        if self.process.process.leaves_targets_out and (targets := _targets(self.process)):
            self.taken.add(CHOICE)
            yield Step(CHOICE, CHOICE, _chosen(self.process.process, targets))
        groups = tuple(groups_of(self.process.steps))
        acquired_before = position(groups)
        for number, group in enumerate(groups):
            if number == acquired_before and (acquisition := self.acquisition()) is not None:
                yield acquisition
            yield self.group(group)

    def acquisition(self) -> Step | None:
        """Packages, and images; those that services are made of come with them, and not in their own part."""
        images = None
        if self.services is not None:
            images = next((one for one in steps_of(self.services.forward) if one.name == ACQUIRE), None)
            self.services = replace(self.services, forward=_without(self.services.forward, images))
        name, others = ACQUIRE_PACKAGES, {step.name for step in self.process.steps}
        while name in others:
            name += "\N{PRIME}"
        return acquire_step(self.process, self.free(name), images.node if images else None)

    def free(self, name: str) -> str:
        """The name, or one like it that nothing else has."""
        while name in self.taken:
            name += "\N{PRIME}"
        self.taken.add(name)
        return name

    def group(self, group: list[PlannedStep]) -> Node:
        nodes = tuple(self.step(step) for step in group)
        return nodes[0] if len(nodes) == 1 else InParallel(nodes, limit=group[0].parallelism, on_failure="go_on")

    def step(self, step: PlannedStep) -> Step:
        name = self.free(step.name)
        if step.skipped:
            return Step(name, step.name, Sequence(), step.when, step.skipped)
        if step.kept is not None:
            return Step(name, step.name, Sequence(tuple(_kept(key, held) for key, held in step.kept.items())))
        places = tuple(self.place(place) for place in step.places)
        if step.places[0].target is None:
            return Step(name, step.name, places[0], step.when)
        return Step(name, step.name, InParallel(places, limit=step.at_once, on_failure="begin_none"), step.when)

    def place(self, place: PlannedPlace) -> Node:
        target = place.target.name if place.target else ""
        node = Regardless(tuple(self.part(action, target) for action in place.actions))
        return Part(target, node, target) if target else node

    def part(self, action: PlannedAction, target: str) -> Node:
        name = action.resolved.action.name
        if action.skipped:
            return Part(name, Sequence(), target, action.when, action.skipped)
        node = self.node(action)
        if self.process.is_guided and not isinstance(node, Ask):
            node = Guided(node, action.resolved.key, _question(action.resolved))
        if (told := printing(action.resolved)) is not None:
            node = Sequence((told, node))
        return Part(name, node, target, action.when)

    def node(self, planned: PlannedAction) -> Node:
        if planned.deploys_services:
            assert self.services is not None
            return self.services.forward
        action = planned.resolved.action
        node = self.kinds[action.kind].plan(planned.resolved)
        if isinstance(node, Ask):
            may_answer = self.process.process.author_may_approve
            return replace(node, question=replace(node.question, author_may_answer=may_answer))
        if action.timeout_s:
            node = Timeout(node, action.timeout_s)
        if action.retries:
            node = Retry(node, action.retries + 1, RETRY_PAUSE_S)
        return node


def _without(node: Node, left_out: Step | None) -> Node:
    """The node without that step, wherever in it that stands."""
    if not isinstance(node, Sequence | InParallel):
        return node
    return replace(node, nodes=tuple(_without(part, left_out) for part in node.nodes if part is not left_out))


def _question(resolved: ResolvedAction) -> Question:
    """What a person is asked where the action fails. What is required is neither ignored nor left out, and services
    are deployed or not: half of them is nothing that could be committed."""
    action, target = resolved.action, resolved.target
    choices = [Choice.FAIL, Choice.RETRY]
    if not action.must_run and action.kind != DEPLOY_SERVICES:
        choices += [Choice.IGNORE] + ([Choice.EXCLUDE] if target else [])
    where = f" on {target.name}" if target else ""
    return Question(
        InterruptionKind.GUIDED,
        f"{action.name} failed{where}",
        tuple(choices),
        action=action.name,
        target=target.name if target else "",
    )


def _kept(key: str, output: Json) -> Effect:
    """What an action gave in an earlier deployment, under the key that others know it by."""
    title = "keep what was finished before"
    return Effect(KeepFinished.kind, key, title, {"output": output}, is_undone=False, only_looks=True)


def plan_runbook(
    process: ResolvedProcess,
    *,
    title: str,
    meant: Mapping[str, Json] | None = None,
    kinds: Mapping[str, ActionKind] = ACTION_KINDS,
) -> Plan:
    """The plan of a process that needs no release: its steps, and nothing to be committed. `meant` is what the
    intention covers beside the process: where it runs, for whom, with which variables."""
    forward = Regardless(tuple(_Compiling(process, None, kinds).all_of_it()))
    return Plan(
        "runbook",
        title,
        {**(meant or {}), "process": _intention(process)},
        forward,
        always=_afterwards(process),
        warnings=process.warnings,
        notes=known_later(process),
    )
