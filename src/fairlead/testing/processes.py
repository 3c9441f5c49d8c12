"""Processes as they are resolved: steps that say lines, on targets or not."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable
from typing import Any

from fairlead.domain.condition import SUCCESS, condition_of
from fairlead.domain.installed_package import Owner
from fairlead.domain.known_variables import Known
from fairlead.domain.package import PackageFile
from fairlead.domain.process import (
    PACKAGE,
    Action,
    ActionTarget,
    Process,
    ProcessStep,
    ResolvedAction,
    StartTrigger,
    action_key,
)
from fairlead.domain.record import Json
from fairlead.steps.process_resolved import PlannedAction, PlannedPlace, PlannedStep, ResolvedProcess

WITH_PREVIOUS = StartTrigger.WITH_PREVIOUS
NO_TARGET: list[ActionTarget | None] = [None]
SERVICES = Action("Deploy", "deploy-services")
OWNER = Owner("books", "Production")


def _zipped(**files: bytes) -> bytes:
    """The same bytes each time."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return held.getvalue()


TOOLS = _zipped(**{"run": b"#!/bin/sh\n", "Deploy.sh": b"./run\n", "DeployFailed.sh": b"echo sorry\n"})
PACKAGES = {"Tools": PackageFile("Tools", "1.4.0", ".zip", f"sha256:{hashlib.sha256(TOOLS).hexdigest()}")}
"""What actions that take files from a package have, by its name."""


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
    package = PACKAGES.get(str(action.properties.get(PACKAGE, "")))
    resolved = ResolvedAction(action, action.name, key, target, package=package, owner=OWNER)
    return PlannedAction(resolved, condition_of(action.condition, action.expression, Known({})))


def process(*steps: PlannedStep) -> ResolvedProcess:
    """All of it."""
    told = tuple(ProcessStep(one.name, tuple(each.resolved.action for each in one.places[0].actions)) for one in steps)
    return ResolvedProcess(Process(told), steps)
