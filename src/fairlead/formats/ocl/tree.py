"""A document of OCL as a tree: attributes and blocks, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function and what it is given: ``base64("…")``."""

    name: str
    arguments: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Entries:
    """A dictionary, its entries in order."""

    attributes: tuple[Attribute, ...] = ()

    def get(self, name: str) -> Attribute | None:
        """The last entry of a name, letter case aside."""
        return next((one for one in reversed(self.attributes) if one.name.lower() == name.lower()), None)


Value: TypeAlias = "None | bool | int | float | str | tuple[Value, ...] | Entries | Call"


@dataclass(frozen=True, slots=True)
class Attribute:
    """``name = value``"""

    name: str
    value: Value
    place: Place


@dataclass(frozen=True, slots=True)
class Block:
    """``name "label" { … }``; the whole document is one without name."""

    name: str
    labels: tuple[str, ...]
    body: tuple[Attribute | Block, ...]
    place: Place = field(default=Place(1, 1))

    @property
    def label(self) -> str:
        """The first label; "" without one."""
        return self.labels[0] if self.labels else ""

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """Those directly in it."""
        return tuple(one for one in self.body if isinstance(one, Attribute))

    def blocks(self, *names: str) -> Iterator[Block]:
        """Those directly in it that have one of the names; all without names."""
        return (one for one in self.body if isinstance(one, Block) and (not names or one.name in names))

    def get(self, name: str) -> Attribute | None:
        """The last attribute of a name."""
        return next((one for one in reversed(self.attributes) if one.name == name), None)
