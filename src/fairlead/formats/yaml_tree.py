"""Reads YAML into nodes with line and column; bounded, so that no file can make it run long or grow large."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from fairlead.formats.findings import Findings, shown
from fairlead.formats.node import Items, Mark, Node, Scalar, Table

SIZE_LIMIT = 131_072
"""Bytes of one YAML file: a second or two of reading at worst; real project files have a few thousand."""

DEPTH_LIMIT = 40
NODE_LIMIT = 50_000
"""Nodes after every alias is counted as often as it is used: what stops a bomb."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_STANDARD_TAG = re.compile(r"tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)|!")
_CUT_OFF = re.compile(r"(?:[ \t]*[:-])?[ \t]+(?P<comment>#\{[^\r\n]*)")
# What ruamel's own code lets through on garbage, besides its own errors.
_READER_SLIPS = (ValueError, IndexError, KeyError, TypeError, AttributeError, AssertionError, OverflowError)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a document may be; the defaults are for what everybody who may push can write."""

    size_bytes: int = SIZE_LIMIT
    nodes: int = NODE_LIMIT


class _Stop(Exception):
    """Reading ends here; the problem is recorded."""


def read_yaml(
    name: str, content: bytes, findings: Findings, bounds: Bounds = Bounds(), *, is_foreign: bool = False
) -> Node | None:
    """The document's root; None (and problems recorded) where it cannot be read; an empty file is an empty mapping.

    A text without quotes that a comment ``#{…`` cuts off is a problem, unless the file is another program's, too.
    """
    text = _decoded(name, content, findings, bounds)
    if text is None:
        return None
    builder = _Builder(name, findings, bounds, text="" if is_foreign else text)
    try:
        return builder.document(_events(text))
    except _Stop:
        return None
    except ReaderError as error:
        line, column = _line_and_column(text, error.position)
        findings.problem(Mark(name, line, column), "", f"the character {error.character!r}", "printable text")
    except MarkedYAMLError as error:
        _say(error, name, text, findings)
    except (YAMLError, RecursionError, *_READER_SLIPS) as error:
        findings.problem(builder.last, "", f"what is not YAML ({str(error)[:80] or type(error).__name__})", "YAML")
    return None


def _decoded(name: str, content: bytes, findings: Findings, bounds: Bounds) -> str | None:
    if len(content) > bounds.size_bytes:
        findings.problem(Mark(name), "", f"{len(content)} bytes", f"at most {bounds.size_bytes} bytes")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", "replace")
        line, column = _line_and_column(before, len(before))
        findings.problem(Mark(name, line, column), "", f"the byte 0x{content[error.start]:02x}", "text in UTF-8")
        return None
    return text


def _events(text: str) -> Iterator[Any]:
    yield from YAML(typ="safe", pure=True).parse(text)


def _line_and_column(text: str, position: int) -> tuple[int, int]:
    before = text[: max(0, position)]
    lines = before.splitlines() or [""]
    return (len(lines) + 1, 1) if before.endswith("\n") else (len(lines), len(lines[-1]) + 1)


def _say(error: MarkedYAMLError, name: str, text: str, findings: Findings) -> None:
    """The library's error in our words: what was found, and what was expected."""
    line, column = _place(error, text)
    lines, said, context = text.splitlines(), (error.problem or "what is not YAML"), error.context or ""
    if line <= len(lines) and lines[line - 1][column - 1 : column] == "\t" and not _is_stray(error):
        found, expected = "a tab", "spaces: YAML is not indented by tabs"
    elif _is_stray(error):
        kind = "list" if "collection" in context or "sequence" in context else "mapping"
        found = f"what does not belong to the {kind} that begins in line {error.context_mark.line + 1}"
        expected = f"another entry of the {kind}, indented as the others"
    else:
        found = said.removeprefix("found ").replace("<stream end>", "the end of the file")
        expected = "YAML" + (f" ({context})" if context else "")
    findings.problem(Mark(name, line, column), "", found, expected)


def _place(error: MarkedYAMLError, text: str) -> tuple[int, int]:
    """Line and column, from 1; the end of the file is where its last line ends."""
    at: Any = error.problem_mark or error.context_mark
    lines = text.splitlines()
    if at is None:
        return 1, 1
    if at.line >= len(lines):
        return max(1, len(lines)), len(lines[-1]) + 1 if lines else 1
    return at.line + 1, at.column + 1


def _is_stray(error: MarkedYAMLError) -> bool:
    """Whether an entry stands where a list or mapping that began above has ended."""
    return "<block end>" in (error.problem or "") and error.context_mark is not None


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been read yet."""

    mark: Mark
    is_table: bool
    anchor: str | None
    nodes: list[Node] = field(default_factory=list)
    count: int = 1


@dataclass(slots=True)
class _Builder:
    name: str
    findings: Findings
    bounds: Bounds
    text: str = ""
    last: Mark = field(init=False)
    end: int = 0
    total: int = 0
    anchors: dict[str, tuple[Node, int]] = field(default_factory=dict)
    opened: list[_Open] = field(default_factory=list)
    root: Node | None = None
    documents: int = 0

    def __post_init__(self) -> None:
        self.last = Mark(self.name)

    def document(self, events: Iterator[Any]) -> Node | None:
        for event in events:
            self.last = Mark(self.name, event.start_mark.line + 1, event.start_mark.column + 1)
            self._take(event)
            self.end = event.end_mark.index
        return self.root if self.root is not None else Table(Mark(self.name))

    def _take(self, event: Any) -> None:
        match event:
            case DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    self._stop("a second document", "one document in the file")
            case ScalarEvent():
                self._check_tag(event)
                self._add(self._scalar(event), 1, event.anchor)
            case AliasEvent():
                self._alias(event)
            case MappingStartEvent() | SequenceStartEvent():
                self._check_tag(event)
                if len(self.opened) >= DEPTH_LIMIT:
                    self._stop(f"nesting over {DEPTH_LIMIT} deep", "a flatter document")
                self.opened.append(_Open(self.last, isinstance(event, MappingStartEvent), event.anchor))
            case MappingEndEvent() | SequenceEndEvent():
                done = self.opened.pop()
                node = self._table(done) if done.is_table else Items(done.mark, tuple(done.nodes))
                self._add(node, done.count, done.anchor)
            case _:
                pass

    def _stop(self, found: str, expected: str) -> None:
        self.findings.problem(self.last, "", found, expected)
        raise _Stop

    def _check_tag(self, event: Any) -> None:
        tag = getattr(event, "tag", None)
        if tag is not None and not _STANDARD_TAG.fullmatch(str(tag)):
            self._stop(f"the tag {str(tag)[:60]!r}", "no tag of one's own")

    def _scalar(self, event: Any) -> Scalar:
        is_plain = event.style in (None, "")
        if is_plain and (cut := _CUT_OFF.match(self.text, event.end_mark.index if event.value else self.end)):
            self._say_cut_off(cut)
        is_null = is_plain and event.value in _NULLS and "str" not in str(event.tag or "")
        return Scalar(self.last, None if is_null else str(event.value), is_plain)

    def _say_cut_off(self, cut: re.Match[str]) -> None:
        at = Mark(self.name, *_line_and_column(self.text, cut.start("comment")))
        found = f"a comment, {shown(cut['comment'][:40])}, where a value is meant"
        self.findings.problem(
            at, "", found, "quotes around the whole text: a # behind a space begins a comment in YAML"
        )

    def _alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            self._stop(f"the alias *{event.anchor}", "an anchor of that name before it, and not around it")
        node, count = self.anchors[event.anchor]
        self._add(node, count, None)

    def _add(self, node: Node, count: int, anchor: str | None) -> None:
        if not self.opened or count == 1:
            self.total += count
        if anchor:
            self.anchors[anchor] = (node, count)
        if not self.opened:
            self.root = node
            return
        parent = self.opened[-1]
        parent.nodes.append(node)
        parent.count += count
        if parent.count > self.bounds.nodes:
            self._stop(
                f"over {self.bounds.nodes} values", "a smaller document (each alias counts as often as it is used)"
            )

    def _table(self, done: _Open) -> Table:
        nodes: dict[str, Node] = {}
        marks: dict[str, Mark] = {}
        merged: list[Table] = []
        for key, node in zip(done.nodes[::2], done.nodes[1::2], strict=False):
            if not isinstance(key, Scalar):
                self.findings.problem(key.mark, "", "a list or mapping as key", "text as key")
                continue
            name = str(key.text) if key.text is not None else "null"
            if name == "<<" and key.is_plain:
                merged.extend(self._merged(node))
            elif name in nodes:
                self.findings.problem(
                    key.mark,
                    name,
                    f"the key {shown(name)} a second time",
                    f"it once (first in line {marks[name].line})",
                )
            else:
                nodes[name], marks[name] = node, key.mark
        for table in merged:
            for name, node in table.nodes.items():
                if name not in nodes:
                    nodes[name], marks[name] = node, table.key_marks[name]
        return Table(done.mark, nodes, marks)

    def _merged(self, node: Node) -> list[Table]:
        candidates = node.nodes if isinstance(node, Items) else (node,)
        for candidate in candidates:
            if not isinstance(candidate, Table):
                self.findings.problem(candidate.mark, "<<", "what is no mapping", "a mapping, or a list of mappings")
        return [candidate for candidate in candidates if isinstance(candidate, Table)]
