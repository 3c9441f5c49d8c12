"""Reads a template: text in, tokens out. Source of the rules: Octopus's documentation of variable substitution.

A template that cannot be read is either refused whole (`read`), or read with what cannot be read left as text
(`read_leniently`), which is what files need: a script full of ``#{`` of its own is no mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeVar, cast

from fairlead.domain.template.tree import (
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
)

T = TypeVar("T")

NESTING_LIMIT = 50
"""Tokens within tokens: far more than anybody writes, far less than the interpreter's stack."""

CACHED = 512
CACHED_LENGTH = 4096
"""Templates that are kept as read, and how long they may be: a process evaluates the same few over and over, a file
once."""

_IN_NAMES = frozenset("_-:/~()@")
_AFTER_BRACKET = re.compile(r"\[\s+")
_IN_SUMS = frozenset("_:~@")  # there, ( ) are arithmetic, and so are - / unless they stand within a name


class Unreadable(Exception):
    """Not a template; `at` is the furthest place that could be read to, in characters."""

    def __init__(self, at: int) -> None:
        super().__init__(f"not readable from character {at + 1} on")
        self.at = at


def read(text: str) -> tuple[Token, ...]:
    """The whole template; `Unreadable` where a part of it is none."""
    return (Run(text),) if "#" not in text else _read(text, is_lenient=False)


def read_leniently(text: str) -> tuple[Token, ...]:
    """The template, with what cannot be read left as the text it is."""
    return (Run(text),) if "#" not in text else _read(text, is_lenient=True)


@lru_cache(maxsize=CACHED)
def read_path(text: str) -> Path | None:
    """A variable's name as a path; None where it is none, and can be had by its whole name alone."""
    reader = _Reader(text)
    try:
        path = reader.path()
    except Unreadable:
        return None
    return path if reader.at == len(text) else None


def _read(text: str, *, is_lenient: bool) -> tuple[Token, ...]:
    return (_kept if len(text) <= CACHED_LENGTH else _tokens)(text, is_lenient)


@lru_cache(maxsize=CACHED)
def _kept(text: str, is_lenient: bool) -> tuple[Token, ...]:
    return _tokens(text, is_lenient)


def _tokens(text: str, is_lenient: bool) -> tuple[Token, ...]:
    reader = _Reader(text)
    tokens: list[Token] = []
    while reader.at < len(text):
        start = reader.at
        try:
            tokens.append(reader.token())
        except Unreadable as failed:
            if not is_lenient:
                raise
            reader.at = max(failed.at, start + 1)
            tokens.append(Run(text[start : reader.at]))
    return tuple(tokens)


@dataclass(slots=True)
class _Reader:
    """One position that moves on. Each method reads one thing or raises `Unreadable`; `_either` tries one by one."""

    text: str
    at: int = 0
    depth: int = 0

    # tokens

    def token(self) -> Token:
        if self.text.startswith("#{", self.at) and not self.text.startswith("#{/", self.at):
            self.depth += 1
            try:
                if self.depth > NESTING_LIMIT:
                    raise Unreadable(len(self.text))
                return self._either(*self._token_ways(), self.run)
            finally:
                self.depth -= 1
        return self.run()

    def _token_ways(self) -> tuple[Callable[[], Token], ...]:
        return (self.choice, self.each, self.calculation, self.value)

    def run(self) -> Run:
        """Text up to the next token. ``##{`` stands for ``#{``, ``###{`` for ``#`` before a token."""
        pieces: list[str] = []
        text, end = self.text, len(self.text)
        while self.at < end:
            hash_at = text.find("#", self.at)
            if hash_at < 0:
                pieces.append(text[self.at :])
                self.at = end
                break
            pieces.append(text[self.at : hash_at])
            self.at = hash_at
            if hash_at + 1 == end:
                piece, length = "#", 1
            elif text.startswith("###{", hash_at):
                piece, length = "#", 2
            elif text.startswith("##{", hash_at):
                piece, length = "#{", 3
            elif text[hash_at + 1] != "{":
                piece, length = text[hash_at : hash_at + 2], 2
            else:
                break
            pieces.append(piece)
            self.at += length
        if not any(pieces):
            raise Unreadable(self.at + 1)
        return Run("".join(pieces))

    def value(self) -> Value:
        self._expect("#{")
        self._spaces()
        expression = self.expression()
        self._spaces()
        self._expect("}")
        return Value(expression)

    def choice(self) -> Choice:
        self._expect("#{")
        self._spaces()
        keyword = self._keyword("if", "unless")
        branches = [self._branch(keyword)]
        while keyword == "if" and self._begins_elseif():
            self._expect("#{elseif")
            branches.append(self._branch(keyword))
        otherwise: tuple[Token, ...] = ()
        if self._begins_else():
            self.at += len("#{else}")
            otherwise = self._body()
        self._expect(f"#{{/{keyword}}}")
        return Choice(tuple(branches), otherwise, is_unless=keyword == "unless")

    def each(self) -> Each:
        self._expect("#{")
        self._spaces()
        self._keyword("each")
        self._spaces(least=1)
        name = self.name()
        self._spaces()
        self._keyword("in")
        self._spaces()
        collection = self.expression()
        self._spaces()
        self._expect("}")
        body = self._body()
        self._expect("#{/each}")
        return Each(name.text, collection, body)

    def calculation(self) -> Calculation:
        self._expect("#{")
        self._spaces()
        self._keyword("calc")
        self._spaces(least=1)
        operand = self.sum()
        self._spaces()
        self._expect("}")
        return Calculation(operand)

    def _branch(self, keyword: str) -> tuple[Condition, tuple[Token, ...]]:
        self._spaces(least=1)
        condition = self.condition()
        self._spaces()
        self._expect("}")
        return condition, self._body(ends=self._begins_branch if keyword == "if" else self._begins_else)

    def _body(self, *, ends: Callable[[], bool] = lambda: False) -> tuple[Token, ...]:
        """Up to what `ends` it, or a closing word; elsewhere ``else`` is a name like any other."""
        tokens: list[Token] = []
        while self.at < len(self.text) and not self.text.startswith("#{/", self.at) and not ends():
            tokens.append(self.token())
        return tuple(tokens)

    def _begins_else(self) -> bool:
        return self.text.startswith("#{else}", self.at)

    def _begins_branch(self) -> bool:
        return self._begins_else() or self._begins_elseif()

    def _begins_elseif(self) -> bool:
        after = self.at + len("#{elseif")
        return self.text.startswith("#{elseif", self.at) and self.text[after : after + 1].isspace()

    # conditions and expressions

    def condition(self) -> Condition:
        """A text in quotes stands on one side at most: of two there would be nothing to decide."""
        left = self._side()
        mark = self.at
        self._spaces()
        for comparison in ("==", "!="):
            if self.text.startswith(comparison, self.at):
                self.at += 2
                self._spaces()
                return Condition(left, comparison, self.expression() if isinstance(left, str) else self._side())
        if isinstance(left, str):
            raise Unreadable(self.at)
        self.at = mark
        return Condition(left)

    def _side(self) -> str | Expression:
        return self._either(self.quoted, self.expression)

    def expression(self) -> Expression:
        return self._either(self.chain, self.path)

    def chain(self) -> Expression:
        mark = self.at
        try:
            argument: Expression = self.path()
        except Unreadable:
            self.at, argument = mark, Path()
        self._spaces()
        self._expect("|")
        argument = self._filter(argument)
        while self._at_bar():
            self._expect("|")
            argument = self._filter(argument)
        return argument

    def _filter(self, argument: Expression) -> Expression:
        self._spaces()
        name = self._word()
        self._spaces()
        options: list[Token] = []
        while (option := self._option()) is not None:
            options.append(option)
            self._spaces()
        return Call(name, argument, tuple(options))

    def _at_bar(self) -> bool:
        self._spaces()
        return self.text.startswith("|", self.at)

    def _option(self) -> Token | None:
        mark = self.at
        try:
            if self.text.startswith("#{", self.at):
                return self._either(*self._token_ways())
            return self._either(lambda: Run(self._word()), lambda: Run(self.quoted()))
        except Unreadable:
            self.at = mark
            return None

    def quoted(self) -> str:
        """A text in quotes; in a file of JSON the quotes are escaped, so that is allowed too."""
        if self.text.startswith('\\"', self.at):
            end = self.text.find('\\"', self.at + 2)
            if end < 0:
                raise Unreadable(len(self.text))
            found, self.at = self.text[self.at + 2 : end], end + 2
            return found
        self._expect('"')
        end = self.at
        while end < len(self.text) and self.text[end] not in '"#':
            end += 1
        if not self.text.startswith('"', end):
            raise Unreadable(end)
        found, self.at = self.text[self.at : end], end + 1
        return found

    # paths

    def path(self) -> Path:
        steps: list[Step] = [self.name()]
        while self.at < len(self.text):
            if self.text[self.at] == "." and self._is_in_name(self.at + 1):
                self.at += 1
                steps.append(self.name())
            elif self.text[self.at] == "[":
                steps.append(self._either(self._index_by_path, self._index))
            else:
                break
        return Path(tuple(steps))

    def name(self) -> Name:
        start = self.at
        while self._is_in_name(self.at):
            self.at += 1
        if not (found := self.text[start : self.at].strip()):
            raise Unreadable(self.at)
        return Name(found)

    def _index_by_path(self) -> Index:
        self._expect("[")
        self._spaces()
        token = self.value()
        self._spaces()
        self._expect("]")
        if not isinstance(token.expression, Path):
            raise Unreadable(self.at)
        return Index(token.expression)

    def _index(self) -> Index:
        """A text up to the bracket that closes it. Spaces behind an opening bracket are nothing, others its own."""
        depth, end = 0, self.at
        while end < len(self.text):
            depth += {"[": 1, "]": -1}.get(self.text[end], 0)
            end += 1
            if depth == 0:
                found, self.at = self.text[self.at + 1 : end - 1], end
                return Index(_AFTER_BRACKET.sub("[", found).lstrip())
        raise Unreadable(len(self.text))

    def _is_in_name(self, at: int) -> bool:
        """Whether that character belongs to a name: not the space before a bar, a closing brace or a keyword."""
        if at >= len(self.text):
            return False
        found = self.text[at]
        if found in _IN_NAMES or found.isalnum():
            return True
        if not found.isspace():
            return False
        following = self.text[at + 1 : at + 4]
        is_keyword = following[:2] in ("in", "==", "!=") and following[2:].isspace()
        return following[:1] not in ("|", "}") and not is_keyword

    def _word(self) -> str:
        start = self.at
        while self.at < len(self.text) and (self.text[self.at] in _IN_NAMES or self.text[self.at].isalnum()):
            self.at += 1
        if self.at == start:
            raise Unreadable(self.at)
        return self.text[start : self.at]

    # sums

    def sum(self) -> Operand:
        return self._operations(self.product, "+-")

    def product(self) -> Operand:
        return self._operations(self.operand, "*/%")

    def _operations(self, part: Callable[[], Operand], operators: str) -> Operand:
        left = part()
        while True:
            mark = self.at
            self._spaces()
            operator = self.text[self.at : self.at + 1]
            if not operator or operator not in operators:
                self.at = mark
                return left
            self.at += 1
            left = Sum(cast("Literal['+', '-', '*', '/', '%']", operator), left, part())

    def operand(self) -> Operand:
        self._spaces()
        return self._either(self._in_brackets, self._number, self._braced, self._plain_path)

    def _in_brackets(self) -> Operand:
        self._expect("(")
        self.depth += 1
        if self.depth > NESTING_LIMIT:
            raise Unreadable(len(self.text))
        found = self.sum()
        self.depth -= 1
        self._spaces()
        self._expect(")")
        return found

    def _number(self) -> Operand:
        start = self.at
        if self.text.startswith("-", self.at):
            self.at += 1
        while self.text[self.at : self.at + 1].isdigit() or self.text.startswith(".", self.at):
            self.at += 1
        following = self.text[self.at : self.at + 1]
        try:
            if following.isalpha() or (following in _IN_SUMS and following):
                raise Unreadable(self.at)
            return float(self.text[start : self.at])
        except ValueError as failed:
            raise Unreadable(self.at) from failed

    def _braced(self) -> Operand:
        self._expect("{")
        self._spaces()
        path = self.path()
        self._spaces()
        self._expect("}")
        return path

    def _plain_path(self) -> Operand:
        start = self.at
        depth = 0
        while self.at < len(self.text):
            found = self.text[self.at]
            depth += {"[": 1, "]": -1}.get(found, 0)
            if not (depth > 0 or found in "]." or found in _IN_SUMS or found.isalnum() or self._joins_words()):
                break
            self.at += 1
        path = read_path(self.text[start : self.at])
        if path is None:
            raise Unreadable(self.at)
        return path

    def _joins_words(self) -> bool:
        """Whether a ``-`` or ``/`` here belongs to a name as it does outside of sums: it stands between its letters."""
        before, found, after = self.text[self.at - 1], self.text[self.at], self.text[self.at + 1 : self.at + 2]
        return found in "-/" and all(one.isalnum() or one in _IN_SUMS for one in (before, after or " "))

    # the smallest things

    def _either(self, *ways: Callable[[], T]) -> T:
        start, furthest = self.at, self.at
        depth = self.depth
        for way in ways:
            try:
                return way()
            except Unreadable as failed:
                furthest = max(furthest, failed.at)
                self.at, self.depth = start, depth
        raise Unreadable(furthest)

    def _expect(self, words: str) -> None:
        if not self.text.startswith(words, self.at):
            raise Unreadable(self.at)
        self.at += len(words)

    def _keyword(self, *words: str) -> str:
        for word in words:
            if self.text[self.at : self.at + len(word)].lower() == word:
                self.at += len(word)
                return word
        raise Unreadable(self.at)

    def _spaces(self, *, least: int = 0) -> None:
        start = self.at
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        if self.at - start < least:
            raise Unreadable(self.at)
