"""One run of one task: what the ways through its plan share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from fairlead.domain.ids import TaskId
from fairlead.domain.interruption import Answered, Choice
from fairlead.domain.output_variables import STATUS
from fairlead.domain.plan import EXCLUDED, Plan
from fairlead.domain.record import Json
from fairlead.domain.task import PhaseState
from fairlead.engine.attempt import Attempt
from fairlead.engine.books import Books
from fairlead.engine.bounded import together
from fairlead.engine.parts import Parts
from fairlead.engine.placed import PlacedEffect, PlacedParallel, PlacedStep
from fairlead.engine.result import Failure, Result, failure_of
from fairlead.engine.scope import Scope
from fairlead.engine.steps_seen import StepSeen
from fairlead.ports.durable import Journal

T = TypeVar("T")

Outputs = dict[str, dict[str, Json]]


@dataclass(frozen=True, slots=True)
class Here:
    """Where in the plan we are: what can stop us, what earlier effects gave, which step people see.

    `error` says what failed before, as conditions here count it; `deployment_error` what failed first in all of it.
    `failed` tells those beside us that something here has failed, though more of it may still run.
    """

    scope: Scope
    outputs: Outputs
    seen: StepSeen | None = None
    error: str = ""
    deployment_error: str = ""
    failed: Callable[[], None] = lambda: None

    @property
    def step(self) -> str:
        """The step's name, "" outside of any."""
        return self.seen.step.name if self.seen else ""

    def touch(self) -> None:
        """Something is about to happen here."""
        if self.seen:
            self.seen.touch()


@dataclass(frozen=True, slots=True)
class NotRun:
    """A step, or a part of one, does not run, and why: its condition says so, or (`failure`) cannot be judged."""

    reason: str
    failure: Failure | None = None


@dataclass(slots=True)
class Run:
    """One run. Each choice is made from what the journal kept, so that a replay makes the same one again.

    `reached` is the last step, in the order of the plan, that came to its end. `is_fresh` is true where this very
    process made the first record: only then is an effect that it has not begun surely not begun, by a process that died
    in it. `plan` is the frozen one, once it is. `answers` are those of persons that this run goes by, by the key of the
    question; `earlier` is what the runs kept that this one goes on from, by name. `steps` is how each step ended that
    is over, by its title; `left_out` are targets that effects excluded from what follows.
    """

    task: TaskId
    parts: Parts
    journal: Journal
    books: Books
    reached: str = ""
    reached_number: int = 0
    is_fresh: bool = False
    plan: Plan | None = None
    answers: Mapping[str, Answered] = field(default_factory=dict)
    earlier: Mapping[str, Json] = field(default_factory=dict)
    steps: dict[str, Json] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)

    @property
    def excluded(self) -> frozenset[str]:
        """Targets that a person, or an effect, left out of the rest."""
        by_persons = (one.target for one in self.answers.values() if one.choice is Choice.EXCLUDE)
        return frozenset((*by_persons, *self.left_out))

    def attempt(self, node: PlacedEffect, here: Here) -> Attempt:
        """The work on this effect."""
        outputs = dict(here.outputs)
        if here.deployment_error or self.steps:
            outputs[STATUS] = {"error": here.deployment_error, "steps": dict(self.steps)}
        return Attempt(self.task, node.effect, here.step, outputs, self.parts, self.books, node.mark)

    async def keep(self, node: PlacedEffect, here: Here, work: Callable[[], Awaitable[Result]]) -> Failure | None:
        """Do the effect as the record of its place; its output counts from now on."""

        async def as_json() -> Json:
            return (await work()).to_json()

        if node.earlier is not None:
            here.scope.begin()
            self._leave_out(node.earlier)
            return failure_of(node.earlier)  # its output, and how far it is, were recalled
        kept = Result.from_json(await self.journal.record(node.do, node.do_name, as_json))
        if kept.verdict != "skipped":
            here.scope.begin()
        node.is_begun, node.is_done = kept.begun, kept.is_done
        node.is_waiting = kept.verdict == "waits"
        if kept.is_done:
            here.outputs[node.effect.key] = dict(kept.output)
            self._leave_out(kept)
        return failure_of(kept)

    def _leave_out(self, kept: Result) -> None:
        excluded = kept.output.get(EXCLUDED)
        if kept.is_done and isinstance(excluded, list):
            self.left_out |= {str(target) for target in excluded}

    async def through_step(
        self, node: PlacedStep, here: Here, inside: Callable[[Here], Awaitable[Failure | None]]
    ) -> Failure | None:
        """Go through a named step; its end is told."""
        seen, was_done = StepSeen(self.task, node.step, self.books, here.seen), node.is_done
        failure = await inside(replace(here, seen=seen))
        if not was_done:  # in an earlier run of the task, which told it
            seen.finish(failure)
        self._tell_status(node, "Failed" if failure else "Succeeded", failure)
        if failure is None:
            node.is_done = True
            if node.number >= self.reached_number:
                self.reached, self.reached_number = node.step.name, node.number
        return failure

    def pass_by(self, node: PlacedStep, said: NotRun) -> Failure | None:
        """The step does not run; that is told as often as it is asked, for a death may have left it unwritten."""
        state = PhaseState.FAILED if said.failure else PhaseState.SKIPPED
        self._tell_status(node, "Failed" if said.failure else "Skipped", said.failure)
        self.books.phase(self.task, node.step.name, state, reason=said.reason)
        return said.failure

    def _tell_status(self, node: PlacedStep, code: str, failure: Failure | None) -> None:
        """By Octopus's codes; what was stopped, or waits, is not over."""
        if failure is None or not failure.is_final:
            self.steps[node.step.title] = {"Code": code, "Error": failure.reason if failure else ""}

    async def limited(self, node: PlacedParallel, works: Iterable[Callable[[], Awaitable[T]]]) -> list[T]:
        """All of it at once, but for the node's limit; the results in order."""
        gate = asyncio.Semaphore(max(1, node.limit))

        async def through(work: Callable[[], Awaitable[T]]) -> T:
            async with gate:
                return await work()

        return await together([through(work) for work in works], cleanup_s=self.parts.patience.cleanup_s * 2)
