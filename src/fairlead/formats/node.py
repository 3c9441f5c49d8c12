"""A document as a tree of nodes that know their places: what the readers build and the checks walk."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from fairlead.domain.text import Text


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; line and column begin with 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as it is written; None where the document says null. `is_plain` where it stands without quotes."""

    mark: Mark
    text: Text | None
    is_plain: bool = True


@dataclass(frozen=True, slots=True)
class Items:
    """A sequence."""

    mark: Mark
    nodes: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping with text keys, in the order of the document; `key_marks` tell where each key stands."""

    mark: Mark
    nodes: Mapping[str, Node] = field(default_factory=dict)
    key_marks: Mapping[str, Mark] = field(default_factory=dict)

    def get(self, key: str) -> Node | None:
        """The node under the key."""
        return self.nodes.get(key)

    def table(self, key: str) -> Table:
        """The mapping under the key; an empty one where there is none."""
        found = self.nodes.get(key)
        return found if isinstance(found, Table) else Table(self.key_marks.get(key, self.mark))

    def without(self, *keys: str) -> Table:
        """The same mapping without these keys."""
        kept = {key: node for key, node in self.nodes.items() if key not in keys}
        return Table(self.mark, kept, {key: mark for key, mark in self.key_marks.items() if key in kept})

    def with_node(self, key: str, node: Node) -> Table:
        """The same mapping with one entry added or replaced."""
        marks = {**self.key_marks, key: self.key_marks.get(key, node.mark)}
        return Table(self.mark, {**self.nodes, key: node}, marks)


Node: TypeAlias = Scalar | Items | Table
Path: TypeAlias = tuple["str | int", ...]


def to_plain(node: Node) -> object:
    """Dictionaries, lists and texts; every scalar as it is written, null as None."""
    match node:
        case Scalar(text=text):
            return text
        case Items(nodes=nodes):
            return [to_plain(child) for child in nodes]
        case Table(nodes=entries):
            return {key: to_plain(child) for key, child in entries.items()}


_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"[-+]?\d{1,18}(?:\.\d{0,18})?(?:[eE][-+]?\d{1,3})?")


def to_typed(node: Node) -> object:
    """As JSON has it: what stands without quotes and reads as a number, true or false is one (YAML 1.2, core)."""
    match node:
        case Scalar(text=str(text), is_plain=True):
            return _typed(text)
        case Scalar(text=text):
            return text
        case Items(nodes=nodes):
            return [to_typed(child) for child in nodes]
        case Table(nodes=entries):
            return {key: to_typed(child) for key, child in entries.items()}


def _typed(text: str) -> object:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def place_of(root: Node, path: Path) -> Mark:
    """Where the path stands: its key, or the nearest thing above it that the document has."""
    node, mark = root, root.mark
    for step in path:
        match node:
            case Table() if str(step) in node.nodes:
                mark = node.key_marks[str(step)]
                node = node.nodes[str(step)]
            case Items() if isinstance(step, int) and 0 <= step < len(node.nodes):
                node = node.nodes[step]
                mark = node.mark
            case Items() if isinstance(step, str) and (entry := _entry(node, step)) is not None:
                node, mark = entry, entry.mark
            case _:
                return mark
    return mark


def _entry(items: Items, name: str) -> Scalar | None:
    """The entry of a list that stands for the mapping's key `name`: ``name`` or ``name=value``."""
    for node in items.nodes:
        if isinstance(node, Scalar) and str(node.text).partition("=")[0] == name:
            return node
    return None


def node_at(root: Node, path: Path) -> Node | None:
    """The node that the path leads to; None where the document ends before."""
    node = root
    for step in path:
        match node:
            case Table() if str(step) in node.nodes:
                node = node.nodes[str(step)]
            case Items() if isinstance(step, int) and 0 <= step < len(node.nodes):
                node = node.nodes[step]
            case _:
                return None
    return node


def spell(path: Path) -> str:
    """``services.web.ports[0]``."""
    spelled = ""
    for step in path:
        spelled += f"[{step}]" if isinstance(step, int) else (f".{step}" if spelled else str(step))
    return spelled


def scalars_of(node: Node, path: Path = ()) -> Iterator[tuple[Path, Scalar]]:
    """Every scalar below the node, with its path."""
    match node:
        case Scalar():
            yield path, node
        case Items(nodes=nodes):
            for index, child in enumerate(nodes):
                yield from scalars_of(child, (*path, index))
        case Table(nodes=entries):
            for key, child in entries.items():
                yield from scalars_of(child, (*path, key))
