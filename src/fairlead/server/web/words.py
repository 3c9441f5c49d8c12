"""How states look to people: one word, one icon and one tone each, so that colour is never the only sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fairlead.domain.deployment import Deployment, DeploymentOutcome, DeploymentState, Latest
from fairlead.domain.run import RunState
from fairlead.domain.runbook import RunbookRunState, Unbegun
from fairlead.domain.task import PhaseState, TaskState


@dataclass(frozen=True, slots=True)
class Look:
    """`tone` chooses colours in the style sheet, `icon` a symbol of icons.html."""

    word: str
    tone: str
    icon: str


LIVE = Look("live", "good", "check")
NOT_RUNNING = Look("does not run", "bad", "alert")
RUNS_IN_PART = Look("runs in part", "bad", "alert")
MARKED = Look("marked as failed", "bad", "cross")
RETIRED = Look("ended", "quiet", "stop")
EMPTY = Look("nothing yet", "quiet", "dash")
WAITS = Look("waits for approval", "wait", "pause")
UNKNOWN = Look("unknown", "quiet", "dash")

_TASKS: Mapping[TaskState, Look] = {
    TaskState.QUEUED: Look("queued", "quiet", "clock"),
    TaskState.RUNNING: Look("running", "busy", "play"),
    TaskState.UNDOING: Look("undoing", "warn", "back"),
    TaskState.PAUSED: Look("waits", "wait", "pause"),
    TaskState.UNSETTLED: Look("unsettled", "warn", "alert"),
    TaskState.SUCCEEDED: Look("succeeded", "good", "check"),
    TaskState.FAILED: Look("failed", "bad", "cross"),
    TaskState.ROLLED_BACK: Look("rolled back", "bad", "back"),
    TaskState.CANCELLED: Look("cancelled", "quiet", "stop"),
    TaskState.SKIPPED: Look("skipped", "quiet", "skip"),
}
_PHASES: Mapping[PhaseState, Look] = {
    PhaseState.WAITING: Look("waiting", "quiet", "dash"),
    PhaseState.RUNNING: Look("running", "busy", "play"),
    PhaseState.PAUSED: Look("waits", "wait", "pause"),
    PhaseState.DONE: Look("done", "good", "check"),
    PhaseState.FAILED: Look("failed", "bad", "cross"),
    PhaseState.UNDONE: Look("undone", "warn", "back"),
    PhaseState.SKIPPED: Look("skipped", "quiet", "skip"),
}
_RUNS: Mapping[RunState, Look] = {
    RunState.QUEUED: _TASKS[TaskState.QUEUED],
    RunState.RUNNING: _TASKS[TaskState.RUNNING],
    RunState.SUCCEEDED: _TASKS[TaskState.SUCCEEDED],
    RunState.FAILED: _TASKS[TaskState.FAILED],
    RunState.CANCELLED: _TASKS[TaskState.CANCELLED],
    RunState.SKIPPED: _TASKS[TaskState.SKIPPED],
}
_OUTCOMES: Mapping[DeploymentOutcome, Look] = {
    DeploymentOutcome.NONE: UNKNOWN,
    DeploymentOutcome.LIVE: LIVE,
    DeploymentOutcome.ROLLED_BACK: _TASKS[TaskState.ROLLED_BACK],
    DeploymentOutcome.FAILED: _TASKS[TaskState.FAILED],
    DeploymentOutcome.REFUSED: Look("refused", "bad", "cross"),
    DeploymentOutcome.CANCELLED: _TASKS[TaskState.CANCELLED],
    DeploymentOutcome.REJECTED: Look("rejected", "quiet", "cross"),
    DeploymentOutcome.SUPERSEDED: Look("superseded", "quiet", "skip"),
    DeploymentOutcome.NOTHING: Look("nothing to do", "quiet", "dash"),
}
_MOVING: Mapping[DeploymentState, Look] = {
    DeploymentState.WAITING: WAITS,
    DeploymentState.SCHEDULED: Look("scheduled", "wait", "clock"),
    DeploymentState.QUEUED: _TASKS[TaskState.QUEUED],
    DeploymentState.RUNNING: _TASKS[TaskState.RUNNING],
    DeploymentState.PAUSED: _TASKS[TaskState.PAUSED],
    DeploymentState.UNSETTLED: _TASKS[TaskState.UNSETTLED],
    DeploymentState.ENDED: UNKNOWN,
}
_UNBEGUN: Mapping[Unbegun, Look] = {
    Unbegun.SCHEDULED: _MOVING[DeploymentState.SCHEDULED],
    Unbegun.CANCELLED: _TASKS[TaskState.CANCELLED],
    Unbegun.REFUSED: _OUTCOMES[DeploymentOutcome.REFUSED],
}
_INSTANCES: Mapping[str, Look] = {
    "running": Look("running", "good", "check"),
    "created": Look("created", "quiet", "clock"),
    "restarting": Look("restarting", "warn", "back"),
    "paused": Look("paused", "wait", "pause"),
    "removing": Look("being removed", "quiet", "skip"),
    "exited": Look("stopped", "quiet", "stop"),
    "dead": Look("dead", "bad", "cross"),
}


def of_task(state: TaskState) -> Look:
    """A task's state."""
    return _TASKS[state]


def of_runbook_run(state: RunbookRunState) -> Look:
    """Where a run of a runbook is: its task's state, or its own before it has one."""
    return _UNBEGUN[state] if isinstance(state, Unbegun) else _TASKS[state]


def of_phase(state: PhaseState) -> Look:
    """A phase's state."""
    return _PHASES[state]


def of_run(state: RunState) -> Look:
    """A run's state."""
    return _RUNS[state]


def of_deployment(one: Deployment | Latest) -> Look:
    """How a deployment ended, or where it is. One that was live once is called so only by who knows that it still
    is; here it is *went live*."""
    if one.outcome is DeploymentOutcome.LIVE:
        return Look("went live", "good", "check")
    return _OUTCOMES[one.outcome] if one.has_ended else _MOVING[one.state]


def of_instance(state: str, health: str) -> Look:
    """A container's state; an unhealthy one is bad whatever else it says."""
    if state == "running" and health == "unhealthy":
        return Look("unhealthy", "bad", "alert")
    if state == "running" and health == "starting":
        return Look("starting", "busy", "clock")
    return _INSTANCES.get(state, UNKNOWN)


HALF_A_MINUTE_S = 30
"""So much may lack of two hours or days ahead, that they are not 120 minutes or 48 hours a moment later."""


def ago(at: datetime | None, now: datetime) -> str:
    """How long ago, in the one unit that says most: `3 m ago`."""
    if at is None:
        return ""
    seconds = (now - at).total_seconds()
    if seconds < 0:
        return f"in {_rounded(-seconds)}" if seconds < -60 else "in a moment"
    return "just now" if seconds < 60 else f"{_rough(seconds)} ago"


def lasted(begun: datetime | None, ended: datetime | None, now: datetime) -> str:
    """How long something took, or takes so far: `8.2 s`, `3 m 20 s`, `2 h 5 m`."""
    if begun is None:
        return ""
    return span((ended or now) - begun)


def span(length: timedelta) -> str:
    """A length of time."""
    seconds = max(0.0, length.total_seconds())
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} m"


def _rounded(seconds: float) -> str:
    """Of what is to come, in the largest unit that there are two of: `47 h`, not `1 d`."""
    for length, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds + HALF_A_MINUTE_S >= 2 * length:
            return f"{round(seconds / length)} {unit}"
    return "1 m"


def _rough(seconds: float) -> str:
    for length, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"
