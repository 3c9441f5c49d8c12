"""Processes as they are resolved: steps that say lines, on targets or not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fairlead.domain.condition import SUCCESS, condition_of
from fairlead.domain.known_variables import Known
from fairlead.domain.process import Action, ActionTarget, Process, ProcessStep, ResolvedAction, StartTrigger, action_key
from fairlead.domain.record import Json
from fairlead.steps.process_resolved import PlannedAction, PlannedPlace, PlannedStep, ResolvedProcess

WITH_PREVIOUS = StartTrigger.WITH_PREVIOUS
NO_TARGET: list[ActionTarget | None] = [None]
SERVICES = Action("Deploy", "deploy-services")


def say(name: str, **more: Any) -> Action:
    """An action that says its name; `fails` and `outputs` are its properties."""
    properties: dict[str, Json] = {key: more.pop(key) for key in ("fails", "outputs", "text") if key in more}
    return Action(name, "say", properties, **more)


def step(
    *actions: Action, targets: Iterable[str] = (), name: str = "", when: Any = SUCCESS, **more: Any
) -> PlannedStep:
    """A step of these actions on these targets (none: once)."""
    places = tuple(
        PlannedPlace(tuple(_planned(action, target) for action in actions), target)
        for target in ([ActionTarget(one, one) for one in targets] or NO_TARGET)
    )
    return PlannedStep(name or actions[0].name, places, when=when, **{"parallelism": 10, **more})


def _planned(action: Action, target: ActionTarget | None) -> PlannedAction:
    key = action_key(action.name, target.name if target else "")
    resolved = ResolvedAction(action, action.name, key, target)
    return PlannedAction(resolved, condition_of(action.condition, action.expression, Known({})))


def process(*steps: PlannedStep) -> ResolvedProcess:
    """All of it."""
    told = tuple(ProcessStep(one.name, tuple(each.resolved.action for each in one.places[0].actions)) for one in steps)
    return ResolvedProcess(Process(told), steps)
