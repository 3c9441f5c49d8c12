"""Output variables: what a step's scripts set, and under which names later steps find it.

Octopus keeps each under three names (docs/projects/variables/output-variables): with step and target, which is one
value; with the step alone, where the target's own value holds on the target itself; and with the step alone for
everybody else, where Octopus leaves open which of several targets is meant. Here the last by the targets' names is
meant, so that it is the same one whichever target was quicker. Each stands under ``Octopus.…`` and ``Fairlead.…``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from fairlead.domain.process import action_of
from fairlead.domain.record import Json, from_data, to_data
from fairlead.domain.text import Text

PREFIXES = ("Octopus", "Fairlead")
"""What every name that we give begins with; scripts written for Octopus find the first."""


STATUS = "status"
"""The key under which effects find, among what earlier ones gave, how it stands: ``error`` is what failed first, and
``steps`` how each step that is over ended, by its name: *Code* (Succeeded, Failed or Skipped) and *Error*."""

_LATE = re.compile(r"(?:octopus|fairlead)\.(?:action\[.+\]\.output\b|step\[.+\]\.status\b|deployment\.error$)", re.I)


def becomes_known(name: str) -> bool:
    """Whether a variable of that name gets its value only while the process runs."""
    return _LATE.match(name) is not None


@dataclass(frozen=True, slots=True)
class OutputVariable:
    """A value that a step's script set on a target (its name; "" where the step ran on none)."""

    step: str
    target: str
    name: str
    value: Text


@dataclass(frozen=True, slots=True)
class Captured:
    """One name that an output variable is found under. `target` is where it holds; None: everywhere."""

    name: str
    value: Text
    target: str | None = None


def captured(outputs: Iterable[OutputVariable]) -> tuple[Captured, ...]:
    """Every name, in the one order in which a later value of the same name and place holds: by target, then as set.

    The names of targets differ without regard to case, as everywhere; of one target's values the last set holds.
    """
    ordered = sorted(outputs, key=lambda output: output.target.lower())
    found = {(one.name.lower(), one.target): one for output in ordered for one in _names(output)}
    return tuple(found.values())


def seen_from(target: str, outputs: Iterable[OutputVariable]) -> dict[str, Text]:
    """Name to value, as a step on this target finds them ("": one that runs on none)."""
    everywhere: dict[str, Captured] = {}
    here: dict[str, Captured] = {}
    for one in captured(outputs):
        if one.target is None:
            everywhere[one.name.lower()] = one
        elif target and one.target.lower() == target.lower():
            here[one.name.lower()] = one
    return {one.name: one.value for one in (everywhere | here).values()}


def _names(output: OutputVariable) -> Iterator[Captured]:
    for prefix in PREFIXES:
        action = f"{prefix}.Action[{output.step}]"
        if output.target:
            yield Captured(f"{action}.Output[{output.target}].{output.name}", output.value)
            yield Captured(f"{action}.Output.{output.name}", output.value, output.target)
        yield Captured(f"{action}.Output.{output.name}", output.value)


def effect_output(action: str, target: str, values: Mapping[str, Text]) -> dict[str, Json]:
    """What an effect that sets output variables gives: small, and secrets by reference."""
    outputs = {name: to_data(value) for name, value in values.items()}
    return {"action": action, "target": target, "outputs": outputs}


def of_effects(given: Mapping[str, Mapping[str, Json]]) -> tuple[OutputVariable, ...]:
    """The output variables among what effects gave, by the effects' keys, in their order: those of the action and
    target that the key belongs to, unless the effect names them."""
    found: list[OutputVariable] = []
    for key, output in given.items():
        values = output.get("outputs")
        action, target = output.get("action"), output.get("target")
        of = (action, target) if isinstance(action, str) and isinstance(target, str) else action_of(key)
        if of is not None and isinstance(values, dict):
            texts = from_data(dict[str, Text], values)
            found.extend(OutputVariable(*of, name, text) for name, text in texts.items())
    return tuple(found)


def of_status(given: Mapping[str, Mapping[str, Json]]) -> dict[str, Text]:
    """How it stands, of what effects are given: what failed first, and how each step ended, by Octopus's names (docs,
    projects/variables/system-variables): ``Deployment.Error``, ``Step[NAME].Status.Code`` and ``….Status.Error``."""
    status = given.get(STATUS, {})
    error, steps = status.get("error"), status.get("steps")
    found = {"Deployment.Error": str(error)} if error else {}
    for name, told in steps.items() if isinstance(steps, dict) else ():
        if isinstance(told, dict):
            found |= {f"Step[{name}].Status.{what}": str(word) for what, word in told.items()}
    return {f"{prefix}.{name}": text for prefix in PREFIXES for name, text in found.items()}
