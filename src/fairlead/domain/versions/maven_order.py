"""Maven's order of versions: lists of numbers, qualifiers and lists, compared item by item.

As Maven describes it (maven.apache.org/pom.html, "Version Order Specification"; ComparableVersion of maven-artifact 3):
a version is cut at dots, dashes, and where digits meet letters; what follows ``-`` and a digit is a list of its own;
what says nothing (0, the empty qualifier, an empty list) is dropped at the end of a list, and stands for what is
missing. Qualifiers have an order: alpha, beta, milestone, rc, snapshot, the release, sp, then all others by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering
from itertools import zip_longest
from typing import Any, TypeAlias

Item: TypeAlias = "int | str | tuple[Item, ...]"
Made: TypeAlias = "int | str | list[Made]"

QUALIFIERS = ("alpha", "beta", "milestone", "rc", "snapshot", "", "sp")
_SAME = {"ga": "", "final": "", "cr": "rc"}
_SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}
_PIECES = re.compile(r"[0-9]+|[^0-9.-]+|[.-]")


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class MavenOrder:
    """A version's place among Maven's."""

    items: tuple[Item, ...]

    @staticmethod
    def of(text: str) -> MavenOrder:
        """The place of the version that the text spells; every text spells one."""
        return MavenOrder(_items(text.lower()))

    def __eq__(self, other: object) -> bool:
        return _compare(self.items, other.items) == 0 if isinstance(other, MavenOrder) else NotImplemented

    def __lt__(self, other: MavenOrder) -> bool:
        return _compare(self.items, other.items) < 0

    def __hash__(self) -> int:
        """Of the items before the first list: a list may be equal to nothing at all."""
        plain: list[Item] = []
        for item in self.items:
            if isinstance(item, tuple):
                break
            plain.append(item)
        while plain and not plain[-1]:
            plain.pop()
        return hash(tuple(plain))


def _items(text: str) -> tuple[Item, ...]:
    whole: list[Made] = []
    here, above = whole, [whole]
    piece, is_number = "", False
    for found in _PIECES.finditer(text):
        read = found[0]
        if read in (".", "-"):
            here.append(_item(piece) if piece else 0)
            piece = ""
            if read == "-" and is_number:
                _drop_nothing(here)
                if text[found.end() : found.end() + 1].isdigit():
                    inner: list[Made] = []
                    here.append(inner)
                    above.append(inner)
                    here = inner
            continue
        if piece:
            here.append(_item(piece, is_followed_by_number=not is_number))
        piece, is_number = read, read.isdigit()
    if piece:
        here.append(_item(piece))
    for made in reversed(above):
        _drop_nothing(made)
    return _frozen(whole)


def _item(piece: str, *, is_followed_by_number: bool = False) -> int | str:
    if piece.isascii() and piece.isdigit():
        return int(piece)
    word = _SHORT.get(piece, piece) if is_followed_by_number else piece
    return _SAME.get(word, word)


def _drop_nothing(made: list[Made]) -> None:
    while made and not made[-1]:
        made.pop()


def _frozen(made: list[Made]) -> tuple[Item, ...]:
    return tuple(_frozen(item) if isinstance(item, list) else item for item in made)


def _compare(left: Item | None, right: Item | None) -> int:
    if left is None:
        return 0 if right is None else -_compare(right, None)
    if right is None:
        return _against_nothing(left)
    if isinstance(left, int):
        return _sign(left, right) if isinstance(right, int) else 1
    if isinstance(left, str):
        return _sign(_quality(left), _quality(right)) if isinstance(right, str) else -1
    if not isinstance(right, tuple):
        return -1 if isinstance(right, int) else 1
    return next((sign for pair in zip_longest(left, right) if (sign := _compare(*pair))), 0)


def _against_nothing(item: Item) -> int:
    if isinstance(item, int):
        return 1 if item else 0
    if isinstance(item, str):
        return _sign(_quality(item), _quality(""))
    return _compare(item[0], None) if item else 0


def _quality(word: str) -> tuple[int, str]:
    return (QUALIFIERS.index(word), "") if word in QUALIFIERS else (len(QUALIFIERS), word)


def _sign(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)
