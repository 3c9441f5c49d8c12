"""Evaluates a template: each token in its scope, what has no value echoed and told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import TypeAlias, assert_never

from fairlead.domain.errors import Invalid, TooLarge
from fairlead.domain.template.bindings import Binding, items, keyed, part
from fairlead.domain.template.numbers import calculated, number_of, read_number
from fairlead.domain.template.reading import Unreadable, read
from fairlead.domain.template.tree import (
    ANY,
    Calculation,
    Call,
    Choice,
    Condition,
    Each,
    Expression,
    Index,
    Name,
    Operand,
    Path,
    Run,
    Step,
    Sum,
    Token,
    Value,
    shown,
    written,
)

Filter: TypeAlias = Callable[["str | None", Sequence[str]], "str | None"]
"""What it makes of a value (None: there is none) and its options; None where it cannot."""

Filters: TypeAlias = Mapping[str, Filter]
"""By name in small letters."""

TEXT_LIMIT = 8 * 1024 * 1024
"""Characters that one evaluation may write: a hostile pair of variables doubles with each level."""

NESTING_LIMIT = 64
"""Variables within variables."""

NULL = "null"
"""The filter whose value is none at all: all that it stands in has none."""

REVERSE = "reverse"
"""The one filter that works on what a loop goes over."""


@dataclass(slots=True)
class Findings:
    """What an evaluation came upon: tokens without a value as they are written, names of filters that there are none
    of, and whether `null` was asked for."""

    missing: dict[str, None] = field(default_factory=dict)
    unknown_filters: dict[str, None] = field(default_factory=dict)
    is_null: bool = False
    size: int = 0


class Circular(Exception):
    """A path whose value needs itself; `chain` names each, the first again at the end."""

    def __init__(self, chain: tuple[str, ...]) -> None:
        super().__init__(" → ".join(chain))
        self.chain = chain

    def as_invalid(self) -> Invalid:
        """As people are told."""
        chain = " → ".join(self.chain)
        return Invalid("variable.circular", f"variables refer to each other: {chain}", thing=self.chain[0])


@dataclass(slots=True)
class Scope:
    """What paths are looked for in: a binding, then the scopes around it. `asked` are the paths being walked here.

    `look` is called with each value that is compared or counted with, and may raise.
    """

    binding: Binding
    filters: Filters
    around: Scope | None = None
    look: Callable[[str], None] | None = None
    asked: list[Path] = field(default_factory=list)
    depth: int = 0

    def inside(self, binding: Binding) -> Scope:
        """A scope within this one."""
        if self.depth >= NESTING_LIMIT:
            raise TooLarge("input.too_large", f"variables nest over {NESTING_LIMIT} deep")
        return Scope(binding, self.filters, self, self.look, depth=self.depth + 1)


def evaluate(tokens: Iterable[Token], scope: Scope, findings: Findings) -> str:
    """The text that these tokens make; raises `Circular`, and `TooLarge` beyond the bounds."""
    pieces: list[str] = []
    for token in tokens:
        pieces.append(_evaluated(token, scope, findings))
        findings.size += len(pieces[-1])
        if findings.size > TEXT_LIMIT:
            raise TooLarge("input.too_large", f"the text grows over {TEXT_LIMIT} characters")
    return "".join(pieces)


def is_truthy(value: str) -> bool:
    """Falsy are "", 0, no and false, in any case, with or without spaces around the words."""
    return value not in ("", "0") and value.strip().lower() not in ("no", "false")


def _evaluated(token: Token, scope: Scope, findings: Findings) -> str:
    match token:
        case Run(text=text):
            return text
        case Value(expression=expression):
            return _value(token, expression, scope, findings)
        case Choice():
            return _choice(token, scope, findings)
        case Each():
            return _each(token, scope, findings)
        case Calculation(operand=operand):
            number = _number(operand, scope, findings)
            return number_of(number) if number is not None and isfinite(number) else _echoed(token, findings)
        case _:
            assert_never(token)


def _value(token: Value, expression: Expression, scope: Scope, findings: Findings) -> str:
    value = _worth(expression, scope, findings)
    if value is not None:
        return value
    if isinstance(expression, Call) and expression.filter.lower() == NULL:
        findings.is_null = True
        return ""
    return _echoed(token, findings)


def _echoed(token: Token, findings: Findings) -> str:
    echoed = written(token)
    findings.missing[echoed] = None
    return echoed


def _choice(choice: Choice, scope: Scope, findings: Findings) -> str:
    for number, (condition, body) in enumerate(choice.branches):
        holds = _holds(condition, scope, findings)
        if holds is None:
            return written(replace(choice, branches=choice.branches[number:]))
        if holds is not choice.is_unless:
            return evaluate(body, scope, findings)
    return evaluate(choice.otherwise, scope, findings)


def _holds(condition: Condition, scope: Scope, findings: Findings) -> bool | None:
    """None where a filter in it could not be applied. A path without a value is an empty text here."""
    left = _side(condition.left, scope, findings)
    if left is None or not condition.comparison:
        return None if left is None else is_truthy(left)
    right = _side(condition.right, scope, findings)
    if right is None:
        return None
    _look_at(scope, left, right)
    return (left == right) is (condition.comparison == "==")


def _look_at(scope: Scope, *values: str) -> None:
    for value in values:
        if scope.look is not None:
            scope.look(value)


def _side(side: str | Expression, scope: Scope, findings: Findings) -> str | None:
    if isinstance(side, str):
        return side
    if isinstance(side, Path):
        return _worth(side, scope, findings) or ""
    found = _worth(side, scope, findings)
    if found is None:
        findings.missing[shown(side)] = None
    return found


def _each(each: Each, scope: Scope, findings: Findings) -> str:
    found = _collection(each.collection, scope, findings)
    pieces = []
    for number, item in enumerate(found):
        local = Binding(names={each.name.casefold(): item})
        special = {"index": str(number), "first": str(number == 0), "last": str(number == len(found) - 1)}
        octopus = local.names.setdefault("octopus", Binding()).names.setdefault("template", Binding())
        octopus.names["each"] = Binding(names={name: Binding(value) for name, value in special.items()})
        pieces.append(evaluate(each.body, scope.inside(local), findings))
    return "".join(pieces)


def _collection(collection: Expression, scope: Scope, findings: Findings) -> list[Binding]:
    if isinstance(collection, Call):
        if collection.filter.lower() == REVERSE and not collection.options:
            return _collection(collection.argument, scope, findings)[::-1]
        value = _worth(collection, scope, findings)
        return [] if value is None else list(items(value))
    found = _walk(collection, scope, findings)
    if found is None:
        return []
    if found.value is None:
        return [keyed(item) for item in found.indexes.values()]
    return list(items(found.value))


def _worth(expression: Expression, scope: Scope, findings: Findings) -> str | None:
    match expression:
        case Path(steps=()):
            return None
        case Path():
            found = _walk(expression, scope, findings)
            return None if found is None else found.value
        case Call(filter=name, argument=argument, options=options):
            value = _worth(argument, scope, findings)
            told = [evaluate([option], scope, findings) for option in options]
            applied = scope.filters.get(name.lower())
            if applied is None and name.lower() not in (NULL, REVERSE):
                findings.unknown_filters[name] = None
            return None if applied is None else applied(value, told)
        case _:
            assert_never(expression)


def _number(operand: Operand, scope: Scope, findings: Findings) -> float | None:
    match operand:
        case Path():
            value = _worth(operand, scope, findings)
            _look_at(scope, value or "")
            return None if value is None else read_number(value, has_commas=True)
        case Sum(operator=operator, left=left, right=right):
            first, second = _number(left, scope, findings), _number(right, scope, findings)
            return None if first is None or second is None else calculated(operator, first, second)
        case float():
            return operand
        case _:
            assert_never(operand)


def _walk(path: Path, scope: Scope, findings: Findings) -> Binding | None:
    """What stands at the path, its value evaluated; looked for here, then in the scopes around."""
    _refuse_circle(path, scope)
    scope.asked.append(path)
    try:
        path = Path(tuple(_with_index(step, scope) for step in path.steps))
        at: Binding | None = scope.binding
        for step in path.steps:
            at = _next(at, step, scope) if at is not None else None
        if at is None:
            return _walk(path, scope.around, findings) if scope.around is not None and _is_known(path) else None
        return _settled(at, scope, findings)
    finally:
        scope.asked.pop()


def _with_index(step: Step, scope: Scope) -> Step:
    if isinstance(step, Index) and isinstance(step.of, Path):
        found = _walk(step.of, scope, Findings())
        if found is not None and found.value is not None:
            return Index(found.value)
    return step


def _is_known(path: Path) -> bool:
    return not any(isinstance(step, Index) and isinstance(step.of, Path) for step in path.steps)


def _next(at: Binding, step: Step, scope: Scope) -> Binding | None:
    match step:
        case Name(text=text):
            found = at.names.get(step.key)
        case Index(of=str() as text):
            found = at.indexes.get(step.key) or (next(iter(at.indexes.values()), None) if text == ANY else None)
        case _:
            return None
    if found is not None:
        return found
    value = _whole(at, scope) if at.value and text else None
    inner = part(value, text) if value else None
    return None if inner is None else Binding(inner)


def _whole(at: Binding, scope: Scope) -> str | None:
    """The value that may be JSON, evaluated where it is a template; as it was set where it needs itself: of
    ``{A: "#{Own.B}", B: 1}`` the part ``B`` can be had all the same."""
    if at.value is None or "#{" not in at.value:
        return at.value
    try:
        return _settled(at, scope, Findings()).value
    except Circular:
        return at.value


def _settled(at: Binding, scope: Scope, findings: Findings) -> Binding:
    if at.value is None or "#" not in at.value:
        return at
    try:
        tokens = read(at.value)
    except Unreadable:
        return at
    inner = Findings(findings.missing, size=findings.size)
    value = evaluate(tokens, scope.inside(Binding()), inner)
    findings.size = inner.size
    return Binding(value, at.names, at.indexes)


def _refuse_circle(path: Path, scope: Scope) -> None:
    chain: list[Path] = []
    here: Scope | None = scope
    while here is not None:
        chain[:0] = here.asked
        if any(asked.key == path.key for asked in here.asked):
            start = next(number for number, asked in enumerate(chain) if asked.key == path.key)
            raise Circular(tuple(shown(one) for one in (*chain[start:], path)))
        here = here.around
