"""The rules that every process keeps, each with a code of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fairlead.domain.acquisition import check_requirements
from fairlead.domain.errors import Invalid
from fairlead.domain.process import (
    DEPLOY_SERVICES,
    LONGEST_TIMEOUT_S,
    MOST_ACTIONS,
    MOST_PARALLELISM,
    MOST_RETRIES,
    MOST_STEPS,
    NOT_REPEATED,
    Action,
    Process,
    ProcessStep,
    RunCondition,
)
from fairlead.domain.script_source import sources_of
from fairlead.domain.step_image import images_named

_NAME = re.compile(r"(?=.{1,100}$)[^\s\[\]#{}\x00-\x1f\x7f](?:[^\[\]#{}\x00-\x1f\x7f]*[^\s\[\]#{}\x00-\x1f\x7f])?")
_KIND = re.compile(r"[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,39}")


def checked(process: Process, kinds: Iterable[str]) -> Process:
    """The process, if it keeps every rule; `Invalid` with the rule's own code. `kinds` are the action kinds known."""
    if len(process.steps) > MOST_STEPS:
        raise Invalid("process.too_long", f"it has {len(process.steps)} steps; {MOST_STEPS} are the most")
    known = frozenset(kinds)
    _require_distinct("step", [step.name for step in process.steps])
    _require_distinct("action", [action.name for _, action in process.actions])
    for step in process.steps:
        _check_step(step)
        for action in step.actions:
            _check_action(step, action, known)
    _check_services(process)
    check_requirements(process)
    sources_of(process)
    images_named(process)
    return process


def _check_services(process: Process) -> None:
    """Where they are deployed is known beforehand: the commit point is theirs."""
    deploying = [(step, action) for step, action in process.actions if action.kind == DEPLOY_SERVICES]
    for step, action in deploying:
        if {step.condition, action.condition} != {RunCondition.SUCCESS}:
            raise Invalid(
                "process.services_condition",
                f"action {action.name} deploys the project's services, and has a condition",
                thing=action.name,
                hint="it runs on success; environments and channels may leave it out",
            )
    if len(deploying) > 1:
        raise Invalid(
            "process.services_twice",
            "more than one action deploys the project's services",
            thing=DEPLOY_SERVICES,
            hint="they are swapped once in a deployment: keep one of these actions",
        )


def _require_distinct(what: str, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if not _NAME.fullmatch(name):
            raise Invalid(
                "process.name",
                f"{name[:80]!r} is not a valid name of {'an action' if what == 'action' else 'a step'}",
                thing=what,
                hint="1 to 100 characters, no brackets, braces, # or line breaks: variables name it",
            )
        if name.lower() in seen:
            raise Invalid(
                "process.name_twice",
                f"two {what}s are called {name}",
                thing=name,
                hint="variables such as Octopus.Action[NAME].Output name them: each needs a name of its own",
            )
        seen.add(name.lower())


def _check_step(step: ProcessStep) -> None:
    if not step.actions:
        raise Invalid("process.empty_step", f"step {step.name} has no action", thing=step.name)
    if len(step.actions) > MOST_ACTIONS:
        many = f"step {step.name} has {len(step.actions)} actions; {MOST_ACTIONS} are the most"
        raise Invalid("process.too_long", many, thing=step.name)
    _check_condition(f"step {step.name}", step.condition, step.expression)
    if step.window < 0 or (step.window and not step.target_tags):
        raise Invalid(
            "process.window",
            f"step {step.name} has a window of {step.window}"
            + ("" if step.target_tags else ", but runs on no targets: it has no target tags"),
            thing=step.name,
            hint="a rolling window is 1 or more, and needs target tags",
        )
    if not 1 <= step.parallelism <= MOST_PARALLELISM:
        raise Invalid(
            "process.parallelism",
            f"step {step.name} has a parallelism of {step.parallelism}",
            thing=step.name,
            hint=f"1 to {MOST_PARALLELISM}",
        )


def _check_action(step: ProcessStep, action: Action, known: frozenset[str]) -> None:
    _check_kind(action, known)
    _check_condition(f"action {action.name}", action.condition, action.expression)
    _check_place(step, action)
    if both := {name.lower() for name in action.environments} & {name.lower() for name in action.excluded_environments}:
        raise Invalid(
            "process.environments",
            f"action {action.name} both includes and excludes {', '.join(sorted(both))}",
            thing=action.name,
            hint="name an environment in environments or in excluded_environments",
        )
    if action.is_required and action.is_disabled:
        raise Invalid("process.required", f"action {action.name} is required, but disabled", thing=action.name)
    if not 0 <= action.retries <= MOST_RETRIES or (action.retries and action.kind in NOT_REPEATED):
        raise Invalid(
            "process.retries",
            f"action {action.name} has {action.retries} retries",
            thing=action.name,
            hint=f"0 to {MOST_RETRIES}; none for {', '.join(sorted(NOT_REPEATED))}",
        )
    if not 0 <= action.timeout_s <= LONGEST_TIMEOUT_S or (action.timeout_s and action.kind in NOT_REPEATED):
        raise Invalid(
            "process.timeout",
            f"action {action.name} has a timeout of {action.timeout_s:g} s",
            thing=action.name,
            hint=f"up to {LONGEST_TIMEOUT_S:g} s, 0 for none; none for {', '.join(sorted(NOT_REPEATED))}",
        )


def _check_kind(action: Action, known: frozenset[str]) -> None:
    if not _KIND.fullmatch(action.kind) or action.kind not in known:
        raise Invalid(
            "process.kind",
            f"action {action.name} is of kind {action.kind[:40]!r}"
            if action.kind
            else f"action {action.name} names neither a kind nor a template",
            thing=action.name,
            hint=f"known kinds: {', '.join(sorted(known))}",
        )


def _check_condition(what: str, condition: RunCondition, expression: str) -> None:
    if (condition is RunCondition.VARIABLE) != bool(expression.strip()):
        found = "has no expression" if condition is RunCondition.VARIABLE else f"has one, but runs on {condition.value}"
        raise Invalid(
            "process.condition",
            f"the condition of {what} {found}",
            thing=what,
            hint="condition: variable and an expression belong together, such as #{unless Octopus.Deployment.Error}…",
        )


def _check_place(step: ProcessStep, action: Action) -> None:
    """Actions of one step run alike: all for each target of it, or none."""
    if action.runs_on.is_for_each_target == step.is_for_each_target:
        return
    if action.runs_on.is_for_each_target:
        found = f"runs on {action.runs_on.value}, but step {step.name} has no target tags"
    else:
        found = f"runs on {action.runs_on.value}, but step {step.name} has target tags"
    raise Invalid(
        "process.place",
        f"action {action.name} {found}",
        thing=action.name,
        hint="on targets, or on a worker for each target: with target tags; at the server or on a worker: without",
    )
