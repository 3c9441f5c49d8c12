"""What a template is once it has been read: runs of text, and tokens that are evaluated; each can be written again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from fairlead.domain.template.numbers import number_of

ANY = "*"
"""As an index: the first there is."""


@dataclass(frozen=True, slots=True)
class Name:
    """One step of a path by name."""

    text: str

    @property
    def key(self) -> str:
        """Names differ by case only are the same name."""
        return self.text.casefold()


@dataclass(frozen=True, slots=True)
class Index:
    """One step of a path by index: a text, or a path whose value is the text."""

    of: str | Path

    @property
    def key(self) -> str:
        """As compared."""
        return self.of.casefold() if isinstance(self.of, str) else f"#{{{self.of.key}}}"

    @property
    def is_open(self) -> bool:
        """Whether which one is meant shows only when it is evaluated."""
        return self.of == ANY or isinstance(self.of, Path)


Step: TypeAlias = Name | Index


@dataclass(frozen=True, slots=True)
class Path:
    """``A.B[c].D``. Without steps it is the empty path, which has no value and stands before a filter only."""

    steps: tuple[Step, ...] = ()

    @property
    def key(self) -> str:
        """Equal for paths that are the same but for case."""
        return "/".join(f"{type(step).__name__}:{step.key}" for step in self.steps)

    @property
    def known_beginning(self) -> Path:
        """Its steps before the first index that is itself a path, or ``*``: anything below it may be meant."""
        is_open = (at for at, step in enumerate(self.steps) if isinstance(step, Index) and step.is_open)
        return Path(self.steps[: next(is_open, len(self.steps))])


@dataclass(frozen=True, slots=True)
class Call:
    """``argument | filter option …``"""

    filter: str
    argument: Expression
    options: tuple[Token, ...] = ()


Expression: TypeAlias = Path | Call


@dataclass(frozen=True, slots=True)
class Run:
    """Text that stands as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Value:
    """``#{expression}``"""

    expression: Expression


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether `left` is truthy, or compares with `right`; a side is a literal text or an expression."""

    left: str | Expression
    comparison: Literal["", "==", "!="] = ""
    right: str | Expression = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """``#{if}`` or ``#{unless}``: the body of the first condition that holds, else `otherwise`."""

    branches: tuple[tuple[Condition, tuple[Token, ...]], ...]
    otherwise: tuple[Token, ...] = ()
    is_unless: bool = False


@dataclass(frozen=True, slots=True)
class Each:
    """``#{each name in collection}``"""

    name: str
    collection: Expression
    body: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """One operation of ``#{calc}``; operands are numbers, paths or operations."""

    operator: Literal["+", "-", "*", "/", "%"]
    left: Operand
    right: Operand


Operand: TypeAlias = "float | Path | Sum"


@dataclass(frozen=True, slots=True)
class Calculation:
    """``#{calc …}``"""

    operand: Operand


Token: TypeAlias = Run | Value | Choice | Each | Calculation


def written(token: Token) -> str:
    """The token as it is shown where it could not be evaluated: one spelling, whatever the spaces were."""
    match token:
        case Run(text=text):
            return text
        case Value(expression=expression):
            return f"#{{{shown(expression)}}}"
        case Choice():
            return _choice(token)
        case Each(name=name, collection=collection, body=body):
            return f"#{{each {name} in {shown(collection)}}}{_all(body)}#{{/each}}"
        case Calculation(operand=operand):
            return f"#{{{_sum(operand)}}}"  # as Octopus shows it: without the keyword, brackets and spaces
        case _:
            assert_never(token)


def shown(expression: Expression) -> str:
    """The expression as it stands between ``#{`` and ``}``."""
    match expression:
        case Path(steps=steps):
            return "".join(_step(step, is_first=number == 0) for number, step in enumerate(steps))
        case Call(filter=filter, argument=argument, options=options):
            told = "".join(f' "{one.text}"' if isinstance(one, Run) else f" {written(one)}" for one in options)
            return f"{shown(argument)} | {filter}{told}"
        case _:
            assert_never(expression)


def paths_in(tokens: tuple[Token, ...]) -> Iterator[Path]:
    """Every path that is asked for when all branches are taken; not those of a loop's items, which are not known.
    What a loop goes over is followed by the same with the index ``*``: anything below it may be asked for."""
    for token in tokens:
        match token:
            case Run():
                continue
            case Value(expression=expression):
                yield from _paths(expression)
            case Choice(branches=branches, otherwise=otherwise):
                for condition, body in branches:
                    for side in (condition.left, condition.right):
                        yield from () if isinstance(side, str) else _paths(side)
                    yield from paths_in(body)
                yield from paths_in(otherwise)
            case Each():
                yield from _of_loop(token)
            case Calculation(operand=operand):
                yield from _operands(operand)
            case _:
                assert_never(token)


def _of_loop(loop: Each) -> Iterator[Path]:
    yield from _paths(loop.collection)
    collection = loop.collection
    while isinstance(collection, Call):
        collection = collection.argument
    if collection.steps:
        yield Path((*collection.steps, Index(ANY)))
    own = Name(loop.name).key
    for path in paths_in(loop.body):
        names = [step.key if isinstance(step, Name) else "" for step in path.steps[:3]]
        if names[0] != own and names != ["octopus", "template", "each"]:
            yield path


def _step(step: Step, *, is_first: bool) -> str:
    if isinstance(step, Index):
        return f"[{step.of if isinstance(step.of, str) else f'#{{{shown(step.of)}}}'}]"
    return step.text if is_first else f".{step.text}"


def _all(tokens: tuple[Token, ...]) -> str:
    return "".join(written(token) for token in tokens)


def _choice(choice: Choice) -> str:
    """As Octopus shows it: ``if`` and ``else`` alone, one within the other, the expression first."""
    (condition, body), *others = choice.branches
    otherwise = (Choice(tuple(others), choice.otherwise),) if others else choice.otherwise
    true, false = (otherwise, body) if choice.is_unless else (body, otherwise)
    ending = f"#{{else}}{_all(false)}" if false else ""
    return f"#{{if {_condition(condition)}}}{_all(true)}{ending}#{{/if}}"


def _condition(condition: Condition) -> str:
    left, right = condition.left, condition.right
    if not condition.comparison:
        return _side(left)
    if isinstance(left, str):
        left, right = right, left
    return f"{_side(left)} {condition.comparison} {_side(right)} "


def _sum(operand: Operand) -> str:
    match operand:
        case Path():
            return shown(operand)
        case Sum(operator=operator, left=left, right=right):
            return f"{_sum(left)}{operator}{_sum(right)}"
        case float():
            return number_of(operand)
        case _:
            assert_never(operand)


def _side(side: str | Expression) -> str:
    return f'"{side}"' if isinstance(side, str) else shown(side)


def _paths(expression: Expression) -> Iterator[Path]:
    match expression:
        case Path(steps=steps):
            if steps:
                yield expression
            for step in steps:
                if isinstance(step, Index) and isinstance(step.of, Path):
                    yield from _paths(step.of)
        case Call(argument=argument, options=options):
            yield from _paths(argument)
            yield from paths_in(options)
        case _:
            assert_never(expression)


def _operands(operand: Operand) -> Iterator[Path]:
    match operand:
        case Path():
            yield from _paths(operand)
        case Sum(left=left, right=right):
            yield from _operands(left)
            yield from _operands(right)
        case _:
            return
