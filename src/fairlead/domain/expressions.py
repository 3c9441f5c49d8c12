"""The whole substitution language over texts that may hold secrets: filters, conditions and loops in a project's file.

A secret's value is not there while a plan is made (law 8), so it is carried through as a mark and comes out as the
reference it was. What would have to look at the value (a filter, a comparison, a sum) is refused in words.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from fairlead.domain.errors import Invalid
from fairlead.domain.template.bindings import bind
from fairlead.domain.template.evaluation import Circular, Filter, Findings, Scope, evaluate
from fairlead.domain.template.filters import FIXED
from fairlead.domain.template.reading import read_leniently
from fairlead.domain.template.tree import Path, paths_in, shown
from fairlead.domain.text import SecretRef, Text, parts_of

RawOf: TypeAlias = Callable[[str], "Text | None"]
Below: TypeAlias = Callable[[str], Iterable[str]]

MOST_TOLD = 20
"""Tokens without a value in one message."""

_OPEN, _CLOSE = "\ue000", "\ue001"  # of the private-use area: no text of a person has them
_MARK = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_SIMPLE = re.compile(r"[^|\[\]#{}\"]*")
_KEYWORD = re.compile(r"\s*(if|unless|each|calc)\s", re.IGNORECASE)
_TOKEN = re.compile(r"#+\{([^{}]*)")


def has_expressions(words: str) -> bool:
    """Whether anything in it is more than a name in ``#{…}``."""
    return any(_KEYWORD.match(found[1]) or not _SIMPLE.fullmatch(found[1]) for found in _TOKEN.finditer(words))


def asked_in(words: str, below: Below) -> Mapping[str, None]:
    """The names that the words may need: each path whole, its beginnings, of which it may be a part, and all that lie
    below it where which one is meant shows only later. `below` gives those of the variables below a path."""
    names: dict[str, None] = {}
    members: dict[str, None] = {}  # come first: how they are written, an index may show
    for path in paths_in(read_leniently(words)):
        beginning = path.known_beginning
        for length in range(len(beginning.steps), 0, -1):
            names[shown(Path(beginning.steps[:length]))] = None
        if beginning != path and beginning.steps:
            members |= dict.fromkeys(below(shown(beginning)))
    return members | names


def evaluated(words: str, raw_of: RawOf, below: Below, where: str) -> Iterator[str | SecretRef]:
    """The words with every expression in its value's place. `raw_of` gives a variable's value as it was set; what it
    mentions is looked at when it is needed.

    Raises `Invalid`: `variable.unknown` for what has no value, `variable.filter` for a filter that there is none of,
    `variable.secret` where a secret would have to be looked at.
    """
    tokens = read_leniently(words)
    marks = _Marks(where)
    values = _needed(words, raw_of, below, marks)
    findings = Findings()
    scope = Scope(bind(values), {name: marks.guarded(filter) for name, filter in FIXED.items()}, look=marks.refuse)
    try:
        text = evaluate(tokens, scope, findings)
    except Circular as circular:
        raise circular.as_invalid() from circular
    if findings.unknown_filters:
        raise _no_filter(next(iter(findings.unknown_filters)), where)
    if findings.missing:
        raise _unknown(tuple(dict.fromkeys(findings.missing)), where)
    yield from marks.take(text)


@dataclass(slots=True)
class _Marks:
    where: str
    secrets: list[SecretRef] = field(default_factory=list)

    def put(self, value: Text) -> str:
        """The value as the language reads it."""
        return "".join(self._mark(part) if isinstance(part, SecretRef) else part for part in parts_of(value))

    def take(self, text: str) -> Iterator[str | SecretRef]:
        for number, part in enumerate(_MARK.split(text)):
            yield self.secrets[int(part)] if number % 2 else part

    def guarded(self, filter: Filter) -> Filter:
        def apply(value: str | None, options: Sequence[str]) -> str | None:
            for one in (value or "", *options):
                self.refuse(one)
            return filter(value, options)

        return apply

    def refuse(self, value: str) -> None:
        if found := _MARK.search(value):
            name = self.secrets[int(found[1])].name
            raise Invalid(
                "variable.secret",
                f"the value of the secret {name} would have to be looked at"
                + (f" (by {self.where})" if self.where else ""),
                thing=name,
                hint="put the secret into the text as it is: filters and comparisons do not see values of secrets",
            )

    def _mark(self, secret: SecretRef) -> str:
        self.secrets.append(secret)
        return f"{_OPEN}{len(self.secrets) - 1}{_CLOSE}"


def _needed(words: str, raw_of: RawOf, below: Below, marks: _Marks) -> dict[str, str]:
    """The values of all that the words may need, and of what those may need."""
    values: dict[str, str] = {}
    asked: set[str] = set()
    waiting = [words]
    while waiting:
        for name in asked_in(waiting.pop(), below):
            if name.lower() in asked:
                continue
            asked.add(name.lower())
            if (value := raw_of(name)) is not None:
                values[name] = marks.put(value)
                waiting.append(values[name])
    return values


def _no_filter(name: str, where: str) -> Invalid:
    near = difflib.get_close_matches(name.lower(), FIXED, n=1)
    known = "those that there are: docs/how-to/variables-and-secrets.md"
    return Invalid(
        "variable.filter",
        f"{name[:80]!r} is no filter" + (f" (needed by {where})" if where else ""),
        thing=name[:80],
        hint=f"did you mean {near[0]}? {known}" if near else known,
    )


def _unknown(tokens: Sequence[str], where: str) -> Invalid:
    told = ", ".join(repr(token[:80]) for token in tokens[:MOST_TOLD])
    return Invalid(
        "variable.unknown",
        f"{told} {'has' if len(tokens) == 1 else 'have'} no value" + (f" (needed by {where})" if where else ""),
        thing=tokens[0][:80],
        hint="set the variables that it names for this environment, or write ##{…} if you mean the text itself",
    )
