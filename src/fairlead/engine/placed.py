"""A plan with its places in the journal: all drawn from the frozen plan, in one order, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from fairlead.domain.interruption import Answered, Choice
from fairlead.domain.plan import (
    Ask,
    Effect,
    Guided,
    InParallel,
    Node,
    OnFailure,
    Part,
    Plan,
    Regardless,
    Retry,
    Sequence,
    Step,
    Timeout,
)
from fairlead.engine.result import Failure, Result
from fairlead.ports.durable import Journal, Reservation

NO_ANSWERS: Mapping[str, Answered] = {}


@dataclass(slots=True)
class PlacedEffect:
    """An effect, its two places, and how far it is in this run.

    `mark` tells one attempt of a retried node from another, so that each record's name is its own. `earlier` is how it
    went in an earlier run of the task, where this one goes on from there. `is_waiting`: it ends when another task does.
    """

    effect: Effect
    mark: str
    do: Reservation
    undo: Reservation
    is_begun: bool = False
    is_done: bool = False
    is_undone: bool = False
    is_waiting: bool = False
    stuck: Failure | None = None
    earlier: Result | None = None

    @property
    def do_name(self) -> str:
        """The name of the record of doing it."""
        return f"do {self.effect.key}{self.mark}"

    @property
    def undo_name(self) -> str:
        """The name of the record of undoing it."""
        return f"undo {self.effect.key}{self.mark}"


@dataclass(slots=True)
class PlacedSequence:
    """One after the other."""

    nodes: tuple[Placed, ...]


@dataclass(slots=True)
class PlacedRegardless:
    """One after the other, on and on."""

    nodes: tuple[Placed, ...]


@dataclass(slots=True)
class PlacedParallel:
    """At most `limit` at once; `on_failure` as in the plan."""

    nodes: tuple[Placed, ...]
    limit: int
    on_failure: OnFailure


@dataclass(slots=True)
class PlacedStep:
    """A named part, the plan's `number`th; `is_done` once all of it came to its end. `judging` keeps whether it runs,
    where that is a question."""

    step: Step
    node: Placed
    number: int
    judging: Reservation | None = None
    is_done: bool = False

    @property
    def judging_name(self) -> str:
        """The name of the record of whether it runs."""
        return f"judge step {self.number}"


@dataclass(slots=True)
class PlacedPart:
    """A part of a step, the plan's `number`th; `judging` as for a step."""

    part: Part
    node: Placed
    number: int
    judging: Reservation | None = None

    @property
    def judging_name(self) -> str:
        """The name of the record of whether it runs."""
        return f"judge part {self.number}"


@dataclass(slots=True)
class PlacedRetry:
    """Each attempt has places of its own; between two attempts lies a pause."""

    attempts: tuple[Placed, ...]
    pauses: tuple[Reservation, ...]
    pause_s: float
    name: str


@dataclass(slots=True)
class PlacedTimeout:
    """`start` keeps when it began, so that a replay goes by the same clock."""

    node: Placed
    seconds: float
    start: Reservation
    name: str


def attempt_key(key: str, number: int) -> str:
    """The key of the question about the attempt of that number, from 0, of a guided node."""
    return f"{key}#{number}"


@dataclass(slots=True)
class PlacedAsk:
    """A question, and the place where it is put."""

    ask: Ask
    asking: Reservation


@dataclass(slots=True)
class PlacedGuided:
    """As many attempts as a person has asked for so far, and one; `asking` is where the next question is put."""

    guided: Guided
    attempts: tuple[Placed, ...]
    asking: Reservation


Placed: TypeAlias = (
    PlacedEffect
    | PlacedAsk
    | PlacedGuided
    | PlacedSequence
    | PlacedRegardless
    | PlacedParallel
    | PlacedStep
    | PlacedPart
    | PlacedRetry
    | PlacedTimeout
)


@dataclass(frozen=True, slots=True)
class PlacedPlan:
    """The whole plan with its places."""

    plan: Plan
    forward: Placed
    commit: PlacedEffect | None
    onward: Placed
    always: Placed


@dataclass(slots=True)
class _Drawing:
    journal: Journal
    modifiers: int = field(default=0)
    answers: Mapping[str, Answered] = field(default_factory=dict)
    steps: int = field(default=0)
    parts: int = field(default=0)

    def place(self, node: Node, mark: str = "") -> Placed:
        match node:
            case Effect():
                return PlacedEffect(node, mark, self.journal.reserve(), self.journal.reserve())
            case Ask():
                return PlacedAsk(node, self.journal.reserve())
            case Guided():
                return self._guided(node, mark)
            case Sequence(nodes=nodes):
                return PlacedSequence(tuple(self.place(child, mark) for child in nodes))
            case Regardless(nodes=nodes):
                return PlacedRegardless(tuple(self.place(child, mark) for child in nodes))
            case InParallel(nodes=nodes, limit=limit, on_failure=on_failure):
                return PlacedParallel(tuple(self.place(child, mark) for child in nodes), limit, on_failure)
            case Step(node=child):
                self.steps += 1
                number = self.steps
                return PlacedStep(node, self.place(child, mark), number, self._judging(node))
            case Part(node=child):
                self.parts += 1
                number = self.parts
                return PlacedPart(node, self.place(child, mark), number, self._judging(node))
            case Retry():
                return self._retry(node, mark)
            case Timeout(node=child, seconds=seconds):
                name = self._next_name("timeout")
                return PlacedTimeout(self.place(child, mark), seconds, self.journal.reserve(), name)
            case _:
                assert_never(node)

    def _judging(self, node: Step | Part) -> Reservation | None:
        return self.journal.reserve() if node.when is not None or node.skipped else None

    def _guided(self, node: Guided, mark: str) -> PlacedGuided:
        tried = 0
        while self._is_retried(attempt_key(node.key, tried)):
            tried += 1
        marks = (mark, *(f"{mark}!{number}" for number in range(1, tried + 1)))
        return PlacedGuided(node, tuple(self.place(node.node, one) for one in marks), self.journal.reserve())

    def _is_retried(self, key: str) -> bool:
        answered = self.answers.get(key)
        return answered is not None and answered.choice is Choice.RETRY

    def _retry(self, node: Retry, mark: str) -> PlacedRetry:
        name = self._next_name("pause")
        numbers = range(1, max(1, node.attempts) + 1)
        attempts = tuple(self.place(node.node, f"{mark}@{number}") for number in numbers)
        pauses = tuple(self.journal.reserve() for _ in attempts[1:])
        return PlacedRetry(attempts, pauses, node.pause_s, name)

    def _next_name(self, what: str) -> str:
        self.modifiers += 1
        return f"{what} {self.modifiers}"


def place(plan: Plan, journal: Journal, answers: Mapping[str, Answered] = NO_ANSWERS) -> PlacedPlan:
    """Draw all places of the plan; `answers` are those that this run of the task goes by."""
    drawing = _Drawing(journal, answers=answers)
    forward = drawing.place(plan.forward)
    commit = None
    if plan.commit is not None:
        commit = PlacedEffect(plan.commit, "", journal.reserve(), journal.reserve())
    return PlacedPlan(plan, forward, commit, drawing.place(plan.onward), drawing.place(plan.always))


def placed_inside(node: Placed) -> tuple[Placed, ...]:
    """What it holds, in order, each attempt of a retry by itself."""
    match node:
        case PlacedEffect() | PlacedAsk():
            return ()
        case PlacedSequence(nodes=nodes) | PlacedRegardless(nodes=nodes) | PlacedParallel(nodes=nodes):
            return nodes
        case PlacedRetry(attempts=attempts) | PlacedGuided(attempts=attempts):
            return attempts
        case PlacedStep(node=child) | PlacedPart(node=child) | PlacedTimeout(node=child):
            return (child,)
        case _:
            assert_never(node)


def placed_effects(node: Placed) -> Iterator[PlacedEffect]:
    """Every effect below the node, each attempt of a retry by itself."""
    if isinstance(node, PlacedEffect):
        yield node
    for child in placed_inside(node):
        yield from placed_effects(child)


def asks_in(node: Placed) -> bool:
    """Whether a person is asked anywhere below the node."""
    return isinstance(node, PlacedAsk) or any(asks_in(child) for child in placed_inside(node))


def placed_steps(node: Placed) -> Iterator[PlacedStep]:
    """Every named step below the node, outer before inner."""
    if isinstance(node, PlacedStep):
        yield node
    for child in placed_inside(node):
        yield from placed_steps(child)
