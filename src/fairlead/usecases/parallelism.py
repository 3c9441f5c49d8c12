"""How many steps and targets of a process are in hand at once, and how much is acquired: as steps or variables say."""

from __future__ import annotations

from collections.abc import Callable

from fairlead.domain.errors import Invalid
from fairlead.domain.process import DEFAULT_PARALLELISM, MOST_PARALLELISM, ProcessStep
from fairlead.domain.substitution import substitute
from fairlead.domain.text import Text

AT_ONCE = ("Octopus.Action.MaxParallelism", "Fairlead.Action.MaxParallelism")
"""A variable under one of these names takes the place of the step's own number."""
ACQUIRED_AT_ONCE = ("Octopus.Acquire.MaxParallelism", "Fairlead.Acquire.MaxParallelism")
"""The same of how many images are pulled, and to how many places packages are sent."""


def parallelism_of(step: ProcessStep, find: Callable[[str], Text | None], warnings: list[str]) -> int:
    """How many steps of the parallel group that the step begins run at once, and how many of its targets where it has
    no window. What is no number is told, and changes nothing; what is too much is brought within bounds."""
    stated, wrong = _stated(AT_ONCE, find)
    if wrong:
        _warn(warnings, f"step {step.name}: {wrong}, so its own parallelism of {step.parallelism} holds")
    return step.parallelism if stated is None else stated


def acquired_at_once(find: Callable[[str], Text | None], warnings: list[str]) -> int:
    """How many images and packages are acquired at once, in the whole of a deployment."""
    stated, wrong = _stated(ACQUIRED_AT_ONCE, find)
    if wrong:
        _warn(warnings, f"{wrong}, so {DEFAULT_PARALLELISM} images and packages are acquired at once")
    return DEFAULT_PARALLELISM if stated is None else stated


def targets_at_once(step: ProcessStep, parallelism: int, warnings: list[str]) -> int:
    """A window holds, whatever parallelism allows beside it."""
    if step.window and parallelism > step.window and parallelism != DEFAULT_PARALLELISM:
        told = f"its window of {step.window} holds, the parallelism of {parallelism} is ignored"
        _warn(warnings, f"step {step.name}: {told}")
    return step.window or parallelism


def _stated(names: tuple[str, ...], find: Callable[[str], Text | None]) -> tuple[int | None, str]:
    """What a variable under one of the names says, or why it says nothing."""
    name = next((one for one in names if find(one) is not None), "")
    if not name:
        return None, ""
    try:
        value = substitute(find(name) or "", find, where=name)
    except Invalid as error:
        return None, f"{name} cannot be read ({error.message})"
    stated = value.strip() if isinstance(value, str) else ""
    if not (stated.isascii() and stated.isdigit()):
        return None, f"{name} is no number"
    return min(MOST_PARALLELISM, max(1, int(stated[:9]))), ""


def _warn(warnings: list[str], one: str) -> None:
    if one not in warnings:
        warnings.append(one)
