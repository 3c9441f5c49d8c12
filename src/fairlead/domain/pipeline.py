"""When a branch's head becomes a run: one run for each head that was not seen, and the newest wins the queue."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from fairlead.domain.ids import RunId
from fairlead.domain.run import Run, RunState

SHOWN_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Superseded:
    """A queued run that will not begin, and why."""

    run: RunId
    reason: str


@dataclass(frozen=True, slots=True)
class StartRun:
    """A run for `commit`. `previous` is the head of the newest run that made a release ("" for none): what changed
    since is listed in the release. `superseded` are queued runs to be marked skipped, in the same transaction."""

    commit: str
    previous: str = ""
    superseded: tuple[Superseded, ...] = ()


@dataclass(frozen=True, slots=True)
class NothingNew:
    """No run; `reason` says why."""

    reason: str


Decision: TypeAlias = StartRun | NothingNew


def decide(head: str, branch: str, seen: Collection[str], runs: Sequence[Run], *, is_asked: bool = False) -> Decision:
    """What the head, as just read from the repository, means.

    `seen` are the heads of the branch that runs were started for, `runs` the project's runs in any order. With
    `is_asked` a person wants the run although the head was seen; a queued or running run for it is enough even then.
    """
    here = [run for run in runs if run.branch == branch]
    under_way = [run for run in here if run.commit == head and not run.state.has_ended]
    if under_way:
        return NothingNew(f"run {under_way[0].number} is under way for it")
    if head in seen and not is_asked:
        return NothingNew("it was seen before, and a look builds it once (again: fairlead runs start)")
    waiting = sorted((run for run in here if run.state is RunState.QUEUED), key=lambda run: run.number)
    reason = f"superseded by the newer head {head[:SHOWN_LENGTH]} of {branch} before it began"
    superseded = tuple(Superseded(run.id, reason) for run in waiting)
    return StartRun(head, _last_released(here, head), superseded)


def _last_released(runs: Sequence[Run], head: str) -> str:
    released = [run for run in runs if run.state is RunState.SUCCEEDED and run.commit != head]
    return max(released, key=lambda run: run.number).commit if released else ""
