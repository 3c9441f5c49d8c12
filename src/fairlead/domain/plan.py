"""A plan: a process resolved against one release, environment and its targets, as a tree of data (law 4).

Effects are the leaves; the other nodes hold nodes. Structure, order and every value known beforehand are fixed before
the task starts. The tree is read by `engine.interpreter` and shown to people; nothing in it runs by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, assert_never

from fairlead.domain.announced import Announced
from fairlead.domain.condition import Condition, when_told
from fairlead.domain.interruption import Question
from fairlead.domain.record import Json, fingerprint, to_data
from fairlead.domain.task import TaskKind

DEFAULT_TIMEOUT_S = 60.0
EXCLUDED = "excluded"
"""In an effect's output: the names of targets on which nothing that follows is done."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One idempotent change to the world, as data.

    `kind` names the effect kind that can look, do and undo it; `key` is unique within the plan and stays the same over
    every attempt, so that the name of what is made can be derived from it; `arguments` are JSON, secrets as references.
    `timeout_s` bounds one attempt of *do* (and one of *undo*). `attempts` bounds how often *do* is tried while it
    *errors* (an outcome "no" is not tried again). `is_undone` is false where there is nothing to take back; with
    `only_tidies`, taking it back brings nothing back that was there before: it ends what still runs, and forgets.
    `only_looks`: it changes nothing in the world, and a task whose effects have only looked has begun nothing.
    """

    kind: str
    key: str
    title: str
    arguments: Mapping[str, Json] = field(default_factory=dict)
    timeout_s: float = DEFAULT_TIMEOUT_S
    attempts: int = 1
    is_undone: bool = True
    only_tidies: bool = False
    only_looks: bool = False
    service: str = ""
    target: str = "local"


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other; the first that fails ends it."""

    nodes: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Regardless:
    """One after the other, on and on after a failure: what each does about it is for its condition to say.

    Its failure is the first one. A cancel, and a bug, end it as they end everything. Conditions inside it know what
    failed in it before, not what failed around it.
    """

    nodes: tuple[Node, ...] = ()


OnFailure: TypeAlias = Literal["halt", "begin_none", "go_on"]


@dataclass(frozen=True, slots=True)
class InParallel:
    """All at once, at most `limit` of them; all begun ones end before it ends. No order, no sharing of outputs.

    They begin in their order, each as soon as one in hand ends (a sliding window). `on_failure` says what one that
    fails does to the others: nothing of them starts any more (*halt*), only those that have begun go on to their end
    (*begin_none*), or it is none of their business (*go_on*).
    """

    nodes: tuple[Node, ...] = ()
    limit: int = 8
    on_failure: OnFailure = "halt"


@dataclass(frozen=True, slots=True)
class Step:
    """A named part that people see as a phase, with its own lines in the log and its own time.

    It runs where `when` says so (None: always). `skipped` says why it surely does not.
    """

    name: str
    title: str
    node: Node
    when: Condition | None = None
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a step that is no phase of its own: what it does on one target, or one of its actions there."""

    title: str
    node: Node
    target: str = ""
    when: Condition | None = None
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """The whole node again while it fails, `attempts` times at most, with a pause; undone between the attempts."""

    node: Node
    attempts: int
    pause_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Timeout:
    """The node fails with `step.timed_out` when it takes longer."""

    node: Node
    seconds: float


@dataclass(frozen=True, slots=True)
class Ask:
    """A person is asked, and it goes on where they say so; the task is paused until then. `key` as an effect's."""

    key: str
    question: Question


@dataclass(frozen=True, slots=True)
class Guided:
    """The node; where it fails, a person is asked whether to fail, try it again, ignore it or leave the target out."""

    node: Node
    key: str
    question: Question


Node: TypeAlias = Effect | Ask | Sequence | Regardless | InParallel | Step | Part | Retry | Timeout | Guided


@dataclass(frozen=True, slots=True)
class Plan:
    """What a task will do.

    `forward` runs first; a failure or a cancel in it undoes every effect that was begun, in reverse. `commit` is the
    pivot (law 2): before it everything is undone, from it on everything is carried forward. `onward` runs after it and
    is retried to its end, never undone. `always` runs last, whatever happened (clean-up that belongs to success and
    failure alike). A pipeline run has no `commit`.
    `intention` is what the hash covers; colours, addresses and ids of containers stand in the effects, not there.
    `announced` is how a deployment's place will stand once it succeeded: what is neither so nor as it was is an error.
    """

    task_kind: TaskKind
    title: str
    intention: Mapping[str, Json] = field(default_factory=dict)
    forward: Node = Sequence()
    commit: Effect | None = None
    onward: Node = Sequence()
    always: Node = Sequence()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    announced: Announced | None = None

    @property
    def hash(self) -> str:
        """The fingerprint of the intention: what an approval names."""
        return fingerprint(to_data(dict(self.intention)))


def inside(node: Node) -> tuple[Node, ...]:
    """The nodes that it holds, in order."""
    match node:
        case Effect() | Ask():
            return ()
        case Sequence(nodes=nodes) | Regardless(nodes=nodes) | InParallel(nodes=nodes):
            return nodes
        case Step(node=child) | Part(node=child) | Retry(node=child) | Timeout(node=child) | Guided(node=child):
            return (child,)
        case _:
            assert_never(node)


def effects_of(node: Node) -> Iterator[Effect]:
    """Every effect below the node, in the order in which they stand."""
    if isinstance(node, Effect):
        yield node
    for child in inside(node):
        yield from effects_of(child)


def told_of(node: Node) -> Iterator[str]:
    """What is done below the node, a line each: its effects, with when those of an action run, why an action surely
    does not, and what a person is asked."""
    match node:
        case Effect():
            yield node.title
        case Ask():
            yield f"a person is asked: {node.question.title}"
        case Part(skipped=why) if why:
            yield f"{node.title}{f' on {node.target}' if node.target else ''}: skipped, {why}"
        case Part():
            when = when_told(node.when)
            yield from (f"{line} ({when})" if when else line for line in told_of(node.node))
        case _:
            for child in inside(node):
                yield from told_of(child)


def steps_of(node: Node) -> Iterator[Step]:
    """Every named step below the node, outer before inner."""
    if isinstance(node, Step):
        yield node
    for child in inside(node):
        yield from steps_of(child)


def all_effects(plan: Plan) -> tuple[Effect, ...]:
    """Every effect of the plan, the commit among them, in order."""
    commit = () if plan.commit is None else (plan.commit,)
    return (*effects_of(plan.forward), *commit, *effects_of(plan.onward), *effects_of(plan.always))
