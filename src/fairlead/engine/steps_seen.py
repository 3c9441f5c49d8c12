"""The named steps of a running task: their phases and lines, told when something really happens in them."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.ids import TaskId
from fairlead.domain.plan import Step
from fairlead.domain.task import PhaseState
from fairlead.engine.books import Books
from fairlead.engine.result import Failure
from fairlead.ports.task_log import Level


@dataclass(slots=True)
class StepSeen:
    """One step in this run. A replay passes through finished steps without a word: `touch` is called by live work."""

    task: TaskId
    step: Step
    books: Books
    outer: StepSeen | None = None
    is_begun_here: bool = False
    began_s: float = 0.0

    def touch(self) -> None:
        """Something is about to happen in it."""
        if self.outer:
            self.outer.touch()
        if self.is_begun_here:
            return
        self.is_begun_here = True
        self.began_s = self.books.clock.monotonic_s()
        self.books.say(self.task, "info", self.step.name, f"{self.step.title} …")
        self.books.phase(self.task, self.step.name, PhaseState.RUNNING)

    def finish(self, failure: Failure | None) -> None:
        """It came to its end, or to a failure."""
        if failure is not None and failure.waits:
            self.books.phase(self.task, self.step.name, PhaseState.PAUSED, reason=failure.reason)
        elif failure is None:
            self.books.phase(self.task, self.step.name, PhaseState.DONE)
            self._say_end("info", "done")
        elif failure.verdict == "skipped" and not self.is_begun_here:
            self.books.phase(self.task, self.step.name, PhaseState.SKIPPED)
        else:
            self.books.phase(self.task, self.step.name, PhaseState.FAILED, reason=failure.reason)
            self._say_end("error", failure.reason)

    def _say_end(self, level: Level, what: str) -> None:
        if self.is_begun_here:
            took_s = self.books.clock.monotonic_s() - self.began_s
            self.books.say(self.task, level, self.step.name, f"{what} (after {took_s:.1f} s)")
