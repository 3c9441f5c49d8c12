"""What is kept of an instance before it is removed: its output, how it ended, and what its probes were answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fairlead.domain.record import Json
from fairlead.ports.container_engine import LABEL_SERVICE, Container
from fairlead.ports.step import Tools
from fairlead.steps.output import keep_output
from fairlead.steps.words import counted, ended_with

FACT = "instance:"
"""Before the container's name: the task's fact that holds how it ended."""

HEALTH_FACT = "health:"
"""Before the container's name: the task's fact that holds what its probes were answered, where it did not get ready, or
was ready and is not any more."""

MOST_SPANS = 100
"""An instance that flaps for an hour: the first answers and the newest are kept, the rest is counted."""

KEPT_FIRST = 20


@dataclass
class HealthHistory:
    """The answers to probes with their times; equal answers in a row are one entry with a first and a last time."""

    spans: list[dict[str, Json]] = field(default_factory=list)
    asked: int = 0
    died: Container | None = None
    """The container as it was when it was seen ended or restarted: a restart forgets the exit code."""

    def add(self, at: str, *, is_healthy: bool, text: str) -> None:
        """One answer."""
        self.asked += 1
        newest = self.spans[-1] if self.spans else None
        if newest is not None and newest["healthy"] == is_healthy and newest["answer"] == text:
            times = newest["times"]
            assert isinstance(times, int)
            newest.update(last=at, times=times + 1)
            return
        self.spans.append({"first": at, "last": at, "times": 1, "healthy": is_healthy, "answer": text})
        if len(self.spans) > MOST_SPANS:
            del self.spans[KEPT_FIRST]

    def to_json(self) -> list[Json]:
        """As it is kept."""
        return [dict(span) for span in self.spans]


async def keep_health(name: str, history: HealthHistory, tools: Tools) -> None:
    """The history of an instance that did not get ready is a fact of the task."""
    died = history.died
    is_known = died is not None and died.state != "running"
    told: dict[str, Json] = {"answers": history.to_json(), "died": None}
    if died is not None and is_known:
        told["died"] = {"exit_code": died.exit_code, "oom_killed": died.oom_killed, "restarts": died.restart_count}
    await tools.records.note(tools.task, f"{HEALTH_FACT}{name}", told)


async def keep_remains(before: Container, tools: Tools) -> None:
    """Keeps all of it with the task; `before` is the container as it was before Fairlead stopped it."""
    await keep_output(before.name, tools)
    now = await tools.container_engine.container(before.name) or before
    kept = (await tools.records.facts(tools.task)).get(f"{HEALTH_FACT}{before.name}")
    watched = kept if isinstance(kept, dict) else {}
    ended = _ended(before, now, watched.get("died"))
    told: dict[str, Json] = {
        "service": before.labels.get(LABEL_SERVICE, ""),
        "container": before.id,
        "image": before.image_id,
        "started_at": before.started_at,
        "kept_at": tools.clock.now().isoformat(),
        "was_running": before.state == "running",
        "exit_code": ended.exit_code,
        "oom_killed": ended.is_oom_killed,
        "restarts": before.restart_count,
        "how": ended.how,
        "healthcheck": before.health,
        "output": f"{before.name}.log",
        "health": [*_told_when_ready(before.id, tools.outputs), *_spans(watched.get("answers"))],
    }
    await tools.records.note(tools.task, f"{FACT}{before.name}", told)


async def note_gone(name: str, service: str, container: Json, tools: Tools) -> None:
    """An instance that was started as `container` and is not there any more, though Fairlead has not removed it."""
    if f"{FACT}{name}" in await tools.records.facts(tools.task):
        return  # it has: it was asked again after a death
    how = "is not there any more: somebody removed it"
    told: dict[str, Json] = {"service": service, "container": container, "how": how}
    told["health"] = list(_told_when_ready(container, tools.outputs))
    await tools.records.note(tools.task, f"{FACT}{name}", told)


@dataclass(frozen=True, slots=True)
class _Ended:
    """How an instance ended. `exit_code` None: it was restarted since, and nobody saw the code, or it runs still."""

    how: str
    exit_code: int | None
    is_oom_killed: bool


def _ended(before: Container, now: Container, died: Json) -> _Ended:
    """An end that Fairlead itself asked for is told as such, with the exit code that came of it."""
    again = f", and was restarted {counted(before.restart_count, 'time')}" if before.restart_count else ""
    if isinstance(died, dict):
        code, is_oom = died["exit_code"], died["oom_killed"]
        assert isinstance(code, int)
        how = "was ended by the kernel: out of memory" if is_oom else _by_itself(code)
        return _Ended(how + again, code, bool(is_oom))
    if before.oom_killed:
        return _Ended(f"was ended by the kernel: out of memory{again}", before.exit_code, is_oom_killed=True)
    if before.state == now.state == "running" and not before.restart_count:
        return _Ended("runs still: it was kept, as was asked for", None, is_oom_killed=False)
    if before.state == "running" and not before.restart_count:
        return _Ended(f"ran until Fairlead stopped it, and ended with {now.exit_code}", now.exit_code, now.oom_killed)
    if before.state == "running":
        return _Ended(f"ended by itself{again}", None, now.oom_killed)
    if before.state in ("created", "paused"):
        return _Ended(f"was {before.state}, not running", None, is_oom_killed=False)
    return _Ended(f"{_by_itself(before.exit_code)}{again}", before.exit_code, is_oom_killed=False)


def _by_itself(exit_code: int) -> str:
    return ended_with(exit_code).replace("ended with", "ended by itself with")


def _told_when_ready(container: Json, outputs: Mapping[str, Mapping[str, Json]]) -> Sequence[Json]:
    for output in outputs.values():
        if output.get("container") == container and "health" in output:
            return _spans(output["health"])
    return ()


def _spans(answers: Json) -> Sequence[Json]:
    return answers if isinstance(answers, list) else ()
