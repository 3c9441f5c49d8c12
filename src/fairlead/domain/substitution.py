"""Variables put into text: Octopus's ``#{Name}`` and Compose's ``${NAME:-default}``; secrets stay references (law 8).

What is more than a name in ``#{…}`` (a filter, a condition, a loop) is read by `domain.expressions`.

Both take their values from a lookup that the caller gives, and from nowhere else: never from the server's own
environment. What a lookup gives is never read as Compose syntax again; ``#{Name}`` inside a value of a variable is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from fairlead.domain.errors import Invalid, TooLarge
from fairlead.domain.expressions import evaluated, has_expressions
from fairlead.domain.names import VARIABLE
from fairlead.domain.template.variables import names_in as template_names
from fairlead.domain.text import SecretRef, Text, join, parts_of

Lookup: TypeAlias = Callable[[str], "Text | None"]
"""The value of a variable by name; None where there is none."""

TEXT_LIMIT = 1_048_576
"""Characters that one text may grow to: a hostile pair of variables doubles with each level."""

NESTING_LIMIT = 32
"""Defaults within defaults, and variables within variables."""

MOST_TOLD = 20
"""Names without a value in one message."""

_TOKEN = re.compile(r"(#+)\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BRACES = re.compile(r"\$\$|\$\{|\}")


def substitute(text: Text, lookup: Lookup, *, where: str = "", names: Iterable[str] = ()) -> Text:
    """`text` with each ``#{Name}`` replaced, values of variables included; ``##{x}`` is the text ``#{x}``. `names` are
    those of the variables: what ``#{each x in Hosts}`` or ``#{Hosts[#{Which}]}`` may find among ``Hosts[…]``.

    Raises `Invalid` with `variable.unknown` (naming it and `where`) or `variable.circular` (naming the chain).
    """
    return _Substitution(lookup, where, names).of(text, ())


def names_in(text: Text) -> Iterator[str]:
    """The names that ``#{…}`` in the text mentions, in order, repeats included; not those inside their values."""
    for part in parts_of(text):
        if isinstance(part, str):
            if has_expressions(part):
                yield from template_names(part)
            else:
                yield from (found.group(2).strip() for found in _TOKEN.finditer(part) if len(found.group(1)) % 2)


def interpolate(text: str, lookup: Lookup, *, where: str = "") -> Text:
    """`text` with Compose's ``${…}`` replaced: the forms ``$N ${N} :- - :? ? :+ +``, nested defaults, ``$$``.

    Raises `Invalid` with `variable.unknown` for a name without value or default, `input.invalid` for a bad form.
    """
    return expand(text, compose=lookup, where=where)


def names_below(beginning: str, names: Iterable[str]) -> Iterator[str]:
    """Those of the names that lie below the path: ``Hosts[web].Port`` below ``Hosts``."""
    inside = tuple(f"{beginning.lower()}{mark}" for mark in "[.")
    return (name for name in names if name.lower().startswith(inside))


def expand(
    text: str,
    *,
    compose: Lookup | None = None,
    variables: Lookup | None = None,
    where: str = "",
    names: Iterable[str] = (),
) -> Text:
    """Both kinds in one reading, so that neither is looked for in what the other put in."""
    pieces = _Interpolation(text, compose, where).read() if compose is not None else [_Piece(text, is_literal=True)]
    parts: list[str | SecretRef] = []
    for piece in pieces:
        is_open = piece.is_literal and variables is not None
        value = substitute(piece.text, variables, where=where, names=names) if is_open and variables else piece.text
        parts.extend(parts_of(value))
    return join(_bounded(parts, where))


@dataclass(frozen=True, slots=True)
class _Piece:
    text: Text
    is_literal: bool


def _bounded(parts: list[str | SecretRef], where: str) -> tuple[str | SecretRef, ...]:
    if sum(len(part) for part in parts if isinstance(part, str)) > TEXT_LIMIT:
        raise TooLarge("input.too_large", f"the text grows over {TEXT_LIMIT} characters", thing=where)
    return tuple(parts)


@dataclass(slots=True)
class _Substitution:
    lookup: Lookup
    where: str
    names: Iterable[str] = ()
    known: dict[str, Text] = field(default_factory=dict)

    def of(self, text: Text, chain: tuple[str, ...]) -> Text:
        parts: list[str | SecretRef] = []
        for part in parts_of(text):
            if isinstance(part, str):
                parts.extend(self._words(part, chain))
            else:
                parts.append(part)
        return join(_bounded(parts, self.where))

    def _words(self, words: str, chain: tuple[str, ...]) -> Iterator[str | SecretRef]:
        is_plain = not has_expressions(words)
        missing = [name for name in dict.fromkeys(names_in(words)) if self._raw(name) is None] if is_plain else []
        if not is_plain or any(map(self._is_part, missing)):
            yield from evaluated(words, self._raw, lambda beginning: names_below(beginning, self.names), self.where)
            return
        if missing:
            raise self._unknown(missing, chain)
        at = 0
        for found in _TOKEN.finditer(words):
            yield words[at : found.start()]
            at = found.end()
            hashes, name = len(found.group(1)), found.group(2)
            yield "#" * (hashes // 2)
            if hashes % 2:
                yield from parts_of(self._value(name.strip(), chain))
            else:
                yield f"{{{name}}}"
        yield words[at:]

    def _is_part(self, name: str) -> bool:
        """Whether the name may be that of a part of a value of JSON."""
        steps = name.split(".")
        return any(self._raw(".".join(steps[:length])) is not None for length in range(1, len(steps)))

    def _value(self, name: str, chain: tuple[str, ...]) -> Text:
        key = name.lower()
        if key in (lower := [one.lower() for one in chain]):
            circle = " → ".join((*chain[lower.index(key) :], name))
            raise Invalid("variable.circular", f"variables refer to each other: {circle}", thing=self.where or name)
        if len(chain) >= NESTING_LIMIT:
            raise TooLarge("input.too_large", f"variables nest over {NESTING_LIMIT} deep", thing=self.where or name)
        if key not in self.known:
            value = self._raw(name)
            if value is None:
                raise self._unknown((name,), chain)
            self.known[key] = self.of(value, (*chain, name))
        return self.known[key]

    def _raw(self, name: str) -> Text | None:
        return self.lookup(name) if VARIABLE.fullmatch(name) else None

    def _unknown(self, names: Sequence[str], chain: tuple[str, ...]) -> Invalid:
        told = ", ".join(repr(name[:80]) for name in names[:MOST_TOLD])
        what = f"the variable {told}" if len(names) == 1 else f"the variables {told}"
        inside = f", which {' → '.join(chain)} mentions," if chain else ""
        verb = "has" if len(names) == 1 else "have"
        return Invalid(
            "variable.unknown",
            f"{what}{inside} {verb} no value" + (f" (needed by {self.where})" if self.where else ""),
            thing=names[0][:80],
            hint="set it for this environment, or write ##{…} if you mean the text itself",
        )


@dataclass(slots=True)
class _Interpolation:
    """A reader of Compose's syntax: one position that moves on."""

    words: str
    lookup: Lookup
    where: str
    at: int = 0

    def read(self, depth: int = 0) -> list[_Piece]:
        if depth > NESTING_LIMIT:
            raise TooLarge("input.too_large", f"defaults nest over {NESTING_LIMIT} deep", thing=self.where)
        pieces: list[_Piece] = []
        while (dollar := self.words.find("$", self.at)) >= 0:
            pieces.append(_Piece(self.words[self.at : dollar], is_literal=True))
            self.at = dollar + 1
            pieces.extend(self._after_dollar(depth))
        pieces.append(_Piece(self.words[self.at :], is_literal=True))
        return pieces

    def _after_dollar(self, depth: int) -> list[_Piece]:
        if self.words.startswith("$", self.at):
            self.at += 1
            return [_Piece("$", is_literal=False)]
        if not self.words.startswith("{", self.at):
            return self._valued(self._name())
        self.at += 1
        name = self._name()
        form = next((form for form in (":-", ":?", ":+", "-", "?", "+") if self.words.startswith(form, self.at)), "")
        start = self.at + len(form)
        end = self._closing(start) if form else start
        if not self.words.startswith("}", end):
            raise self._malformed()
        self.at = end + 1
        return self._chosen(name, form, self.words[start:end], depth)

    def _name(self) -> str:
        found = _NAME.match(self.words, self.at)
        if not found:
            raise self._malformed()
        self.at = found.end()
        return found.group()

    def _closing(self, start: int) -> int:
        """Where the brace stands that closes the form whose argument begins at `start`."""
        depth = 1
        for found in _BRACES.finditer(self.words, start):
            depth += {"${": 1, "}": -1}.get(found.group(), 0)
            if depth == 0:
                return found.start()
        raise self._malformed()

    def _chosen(self, name: str, form: str, argument: str, depth: int) -> list[_Piece]:
        value = self.lookup(name)
        is_set = value is not None and not (form.startswith(":") and value == "")
        match form.removeprefix(":"):
            case "-" if not is_set:
                return self._argument(argument, depth)
            case "+":
                return self._argument(argument, depth) if is_set else []
            case "?" if not is_set:
                raise self._unset(name, argument)
            case _:
                return self._valued(name)

    def _argument(self, argument: str, depth: int) -> list[_Piece]:
        return _Interpolation(argument, self.lookup, self.where).read(depth + 1)

    def _valued(self, name: str) -> list[_Piece]:
        value = self.lookup(name)
        if value is None:
            raise self._unset(name, "")
        return [_Piece(value, is_literal=False)]

    def _unset(self, name: str, why: str) -> Invalid:
        needed = f" (needed by {self.where})" if self.where else ""
        return Invalid(
            "variable.unknown",
            f"${{{name}}} has no value" + (f": {why[:200]}" if why else "") + needed,
            thing=name,
            hint=f"set {name} in .env or as a variable, or write ${{{name}:-default}}",
        )

    def _malformed(self) -> Invalid:
        shown = self.words[max(0, self.at - 12) : self.at + 12]
        return Invalid(
            "input.invalid",
            f"near {shown!r}: not a form of ${{NAME}}",
            thing=self.where,
            hint="write $$ if you mean a dollar sign",
        )
