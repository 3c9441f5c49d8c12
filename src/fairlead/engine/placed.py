"""A plan with its places in the journal: all drawn from the frozen plan, in one order, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from fairlead.domain.plan import (
    Effect,
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
from fairlead.engine.result import Failure
from fairlead.ports.durable import Journal, Reservation


@dataclass(slots=True)
class PlacedEffect:
    """An effect, its two places, and how far it is in this run.

    `mark` tells one attempt of a retried node from another, so that each record's name is its own.
    """

    effect: Effect
    mark: str
    do: Reservation
    undo: Reservation
    is_begun: bool = False
    is_done: bool = False
    is_undone: bool = False
    stuck: Failure | None = None

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


Placed: TypeAlias = (
    PlacedEffect
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
    steps: int = field(default=0)
    parts: int = field(default=0)

    def place(self, node: Node, mark: str = "") -> Placed:
        match node:
            case Effect():
                return PlacedEffect(node, mark, self.journal.reserve(), self.journal.reserve())
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

    def _retry(self, node: Retry, mark: str) -> PlacedRetry:
        name = self._next_name("pause")
        numbers = range(1, max(1, node.attempts) + 1)
        attempts = tuple(self.place(node.node, f"{mark}@{number}") for number in numbers)
        pauses = tuple(self.journal.reserve() for _ in attempts[1:])
        return PlacedRetry(attempts, pauses, node.pause_s, name)

    def _next_name(self, what: str) -> str:
        self.modifiers += 1
        return f"{what} {self.modifiers}"


def place(plan: Plan, journal: Journal) -> PlacedPlan:
    """Draw all places of the plan."""
    drawing = _Drawing(journal)
    forward = drawing.place(plan.forward)
    commit = None
    if plan.commit is not None:
        commit = PlacedEffect(plan.commit, "", journal.reserve(), journal.reserve())
    return PlacedPlan(plan, forward, commit, drawing.place(plan.onward), drawing.place(plan.always))


def placed_inside(node: Placed) -> tuple[Placed, ...]:
    """What it holds, in order, each attempt of a retry by itself."""
    match node:
        case PlacedEffect():
            return ()
        case PlacedSequence(nodes=nodes) | PlacedRegardless(nodes=nodes) | PlacedParallel(nodes=nodes):
            return nodes
        case PlacedRetry(attempts=attempts):
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


def placed_steps(node: Placed) -> Iterator[PlacedStep]:
    """Every named step below the node, outer before inner."""
    if isinstance(node, PlacedStep):
        yield node
    for child in placed_inside(node):
        yield from placed_steps(child)
