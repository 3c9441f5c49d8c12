"""What the journal keeps of one effect, and the failure that a part of a plan ended with: plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fairlead.domain.effect import Done, SaidNo, Waits
from fairlead.domain.errors import FairleadError, TimedOut, Unreachable
from fairlead.domain.record import Json, from_data, to_data
from fairlead.engine.scope import CANCELLED

Verdict = Literal["done", "no", "error", "bug", "stopped", "skipped", "waits"]


OUR_DATABASE = frozenset({"store.unreachable", "host.disk"})
"""Codes of an `Unreachable` that only our own store raises: it is gone, or its disk is full."""


@dataclass(frozen=True, slots=True)
class Result:
    """How an effect's record ended. `begun` is false only where surely nothing was asked of the world.

    `stopped_by` is the depth of the scope that stopped it, for the verdict `stopped`.
    """

    verdict: Verdict
    begun: bool = True
    code: str = ""
    reason: str = ""
    hint: str = ""
    evidence: tuple[str, ...] = ()
    output: Mapping[str, Json] = field(default_factory=dict)
    stopped_by: int = -1
    may_pass: bool = False

    @property
    def is_done(self) -> bool:
        """Whether it is so now."""
        return self.verdict == "done"

    @property
    def is_unkept(self) -> bool:
        """Whether our own database did not answer: no news of the world, and nothing that could be kept."""
        return self.may_pass and self.code in OUR_DATABASE

    def to_json(self) -> Json:
        """As the journal keeps it."""
        return to_data(self)

    @staticmethod
    def from_json(data: Json) -> Result:
        """As the journal kept it."""
        return from_data(Result, data)


def done(outcome: Done) -> Result:
    """It is so; TypeError where the output is not plain JSON."""
    output = to_data(dict(outcome.output))
    assert isinstance(output, dict)
    return Result("done", output=output)


def said_no(outcome: SaidNo) -> Result:
    """The world said no."""
    return Result("no", code=outcome.code, reason=outcome.reason, hint=outcome.hint, evidence=outcome.evidence)


def waits(outcome: Waits) -> Result:
    """It ends when another task does."""
    return Result("waits", code="deployment.waiting", reason=outcome.reason)


def error(failed: FairleadError) -> Result:
    """It could not be asked, or answered with a failure; `may_pass` where asking again may help."""
    may_pass = isinstance(failed, Unreachable | TimedOut)
    return Result("error", code=failed.code, reason=failed.message, hint=failed.hint, may_pass=may_pass)


def out_of_time(title: str, seconds: float) -> Result:
    """A stated bound was reached."""
    return Result("error", code="step.timed_out", reason=f"{title}: took longer than {seconds:g} s", may_pass=True)


def bug(title: str, raised: Exception) -> Result:
    """Something of ours is wrong; the traceback is in the task's log."""
    return Result("bug", code="step.bug", reason=f"{title}: {type(raised).__name__}: {raised}")


def stopped(by: int, *, begun: bool) -> Result:
    """Interrupted, or not begun, because a scope around it was stopped."""
    if by == CANCELLED:
        return Result("stopped", begun, "task.cancelled", "the task was cancelled", stopped_by=by)
    return Result("stopped", begun, "step.timed_out", "a step around it took longer than its bound", stopped_by=by)


def skipped(*, begun: bool) -> Result:
    """Not begun, because something beside it had failed."""
    return Result("skipped", begun, reason="something beside it had failed")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a part of a plan did not come to its end."""

    code: str
    reason: str
    hint: str = ""
    evidence: tuple[str, ...] = ()
    verdict: Verdict = "error"
    stopped_by: int | None = None

    @property
    def is_final(self) -> bool:
        """Whether it ends all that is around it, whatever conditions say: it was stopped from outside, or is a bug, or
        nothing may start any more, or a person or another task is waited for."""
        return self.verdict in ("stopped", "bug", "skipped", "waits")

    @property
    def waits(self) -> bool:
        """Whether a person, or another task, is waited for."""
        return self.verdict == "waits"

    @property
    def is_cancel(self) -> bool:
        """Whether a person asked for it."""
        return self.stopped_by == CANCELLED


def failure_of(result: Result) -> Failure | None:
    """The failure that this result is, or None where it is done."""
    if result.is_done:
        return None
    stopped_by = result.stopped_by if result.verdict == "stopped" else None
    return Failure(result.code, result.reason, result.hint, result.evidence, result.verdict, stopped_by)
