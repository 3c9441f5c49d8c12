"""Whose script runs on a target: one at a time, in the order of asking, unless all who are concerned let others run
beside theirs: Octopus's deployment mutex (docs,
administration/managing-infrastructure/run-multiple-processes-on-a-target).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fairlead.domain.ids import TaskId

BYPASSED_BY = ("OctopusBypassDeploymentMutex", "FairleadBypassDeploymentMutex")
"""A variable that is true under one of these names lets others' scripts run beside."""


@dataclass(frozen=True, slots=True)
class ScriptTurn:
    """A script of a task that runs on a target (`is_taken`), or is to run there. `number` is its place in the line;
    `tag` is the concurrency tag of the task's place."""

    number: int
    task: TaskId
    key: str
    tag: str
    bypasses: bool = False
    is_taken: bool = False


def in_the_way(mine: ScriptTurn, others: Iterable[ScriptTurn]) -> ScriptTurn | None:
    """What it waits for: a script that runs before one that came earlier; None where it may run, or does.

    Who came earlier is a barrier even while it waits itself, so that nobody is overtaken for ever by those who may run
    side by side. One that had its turn, was at rest and comes back waits for who took it meanwhile.
    """
    before = [one for one in others if _comes_first(one, mine) and not _side_by_side(mine, one)]
    return min(before, key=lambda one: (not one.is_taken, one.number), default=None)


def _comes_first(one: ScriptTurn, mine: ScriptTurn) -> bool:
    if mine.is_taken:
        return one.is_taken and one.number > mine.number
    return one.is_taken or one.number < mine.number


def _side_by_side(one: ScriptTurn, other: ScriptTurn) -> bool:
    """Both allow it; two tasks of one project, environment and tenant never are, one task's own steps may be."""
    return one.bypasses and other.bypasses and (one.task == other.task or one.tag != other.tag)
