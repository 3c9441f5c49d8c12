"""YAML as a row of events that keeps its comments: each one where a writer has to put it down again.

Where a comment stands among the events is YamlDotNet's choice (its `Parser`), as Calamari corrects it: one after
``key:`` belongs inside what the key holds. Two cases are ours, where both would lose the comment or run it into the
value: before a plain value, and inside ``[…]`` and ``{…}``, it comes after.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from ruamel.yaml import events as read
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from fairlead.formats.structured.result import Unreadable
from fairlead.formats.structured.yaml_reading import parsed

DEPTH_LIMIT = 100

_COMMENT = re.compile(r"(?:^|(?<=[ \t\r\n\x85]))#([ ]*)([^\r\n\x85]*)", re.MULTILINE)
_EXPLICIT_KEY = re.compile(r"[ -]*(?P<mark>\?) +")
# What ruamel's own code lets through on garbage, besides its own errors.
_SLIPS = (ValueError, IndexError, KeyError, TypeError, AttributeError, AssertionError, OverflowError)


@dataclass(frozen=True, slots=True)
class DocumentStart:
    """``---``, or nothing where that is implicit; with its directives."""

    is_explicit: bool
    version: tuple[int, int] | None = None
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentEnd:
    """``...``, or nothing."""

    is_explicit: bool


@dataclass(frozen=True, slots=True)
class Start:
    """A mapping or sequence begins. `tag` is none where it is implied."""

    is_mapping: bool
    is_flow: bool
    anchor: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """A mapping or sequence ends."""

    is_mapping: bool


@dataclass(frozen=True, slots=True)
class Scalar:
    """A simple value; `style` is one of ``'"|>`` or nothing (plain). `is_empty`: the file has nothing there."""

    value: str
    style: str = ""
    anchor: str = ""
    tag: str = ""
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Alias:
    """``*name``"""

    anchor: str


@dataclass(frozen=True, slots=True)
class Comment:
    """Its text, without the mark before it; on a line of its own or behind something."""

    text: str
    is_inline: bool


Event: TypeAlias = DocumentStart | DocumentEnd | Start | End | Scalar | Alias | Comment


@dataclass(frozen=True, slots=True)
class Placed:
    """An event with the column that it begins in, counted from 1; a scalar that is a key behind ``?`` begins there."""

    event: Event
    column: int
    nesting: int = 0


def read_events(text: str) -> list[Placed]:
    """All events of the file; raises `Unreadable` with line and column."""
    found = _parsed(text)
    return list(_with_comments(found, _comments(text, found)))


def read_fragment(text: str) -> list[Event]:
    """The events of the one value that a text is, without comments; none where it is not one value."""
    try:
        events = [placed.event for _, placed in _parsed(text)]
    except Unreadable:
        return []
    documents = sum(isinstance(event, DocumentStart) for event in events)
    inner: list[Event] = [event for event in events if not isinstance(event, DocumentStart | DocumentEnd)]
    is_nothing = len(inner) == 1 and isinstance(inner[0], Scalar) and inner[0].is_empty
    return inner if documents == 1 and not is_nothing else []


def _column(text: str, event: Any) -> int:
    mark: Any = event.start_mark
    begin: int = mark.index - mark.column
    key = _EXPLICIT_KEY.fullmatch(text, begin, mark.index) if isinstance(event, read.ScalarEvent) else None
    return (key.start("mark") if key else mark.index) - begin


def _parsed(text: str) -> list[tuple[Any, Placed]]:
    depth = 0
    made: list[tuple[Any, Placed]] = []
    try:
        for event in parsed(text):
            if isinstance(event, read.StreamStartEvent | read.StreamEndEvent):
                continue
            nesting = isinstance(event, read.CollectionStartEvent) - isinstance(event, read.CollectionEndEvent)
            depth += nesting
            if depth > DEPTH_LIMIT:
                raise Unreadable(f"line {event.start_mark.line + 1}: values more than {DEPTH_LIMIT} deep")
            made.append((event, Placed(_ours(event), _column(text, event) + 1, nesting)))
    except MarkedYAMLError as error:
        is_about_a_key = error.context == "while scanning a simple key"  # whose end says little: its beginning does
        at: Any = (error.context_mark if is_about_a_key else error.problem_mark) or error.context_mark
        where = f"line {at.line + 1}, column {at.column + 1}: " if at is not None else ""
        raise Unreadable(f"{where}{error.problem or error.context or 'what is not YAML'}") from error
    except (YAMLError, RecursionError, *_SLIPS) as error:
        raise Unreadable(str(error)[:80] or type(error).__name__) from error
    return made


def _ours(event: Any) -> Event:
    anchor, tag = event.anchor or "" if hasattr(event, "anchor") else "", str(getattr(event, "tag", None) or "")
    match event:
        case read.DocumentStartEvent():
            return DocumentStart(bool(event.explicit), event.version, tuple((event.tags or {}).items()))
        case read.DocumentEndEvent():
            return DocumentEnd(bool(event.explicit))
        case read.MappingStartEvent() | read.SequenceStartEvent():
            is_mapping = isinstance(event, read.MappingStartEvent)
            return Start(is_mapping, bool(event.flow_style), anchor, "" if event.implicit else tag)
        case read.MappingEndEvent() | read.SequenceEndEvent():
            return End(isinstance(event, read.MappingEndEvent))
        case read.AliasEvent():
            return Alias(anchor)
        case _:
            is_empty = event.value == "" and not event.style
            is_implied = any(event.implicit)
            return Scalar(str(event.value), event.style or "", anchor, "" if is_implied else tag, is_empty)


def _comments(text: str, found: list[tuple[Any, Placed]]) -> Iterator[tuple[int, Placed]]:
    """Every comment with its position. A ``#`` inside a value does not begin one."""
    values = iter(
        (event.start_mark.index, event.end_mark.index, placed.event)
        for event, placed in found
        if isinstance(placed.event, Scalar)
    )
    value = next(values, None)
    for match in _COMMENT.finditer(text):
        at = match.start()
        while value and value[1] <= at:
            value = next(values, None)
        line = text.rfind("\n", 0, at) + 1
        if value and value[0] <= at and not _is_in_header(text, value, at):
            continue
        is_inline = bool(text[line:at].strip()) and not (value and value[0] <= at)
        comment = Comment(match[1][1:] + match[2], is_inline)
        yield at, Placed(comment, at - line + 1)


def _is_in_header(text: str, value: tuple[int, int, Event], at: int) -> bool:
    """Whether the position is in the first line of a block of text: ``|2 # here``."""
    start, _, event = value
    return isinstance(event, Scalar) and event.style in ("|", ">") and "\n" not in text[start:at]


def _with_comments(found: list[tuple[Any, Placed]], comments: Iterator[tuple[int, Placed]]) -> Iterator[Placed]:
    comment = next(comments, None)
    held: list[Placed] = []  # comments that wait for the end of [ ] or { }
    flow = 0
    expects = _Expected()
    for event, placed in found:
        run: list[Placed] = []
        while comment and comment[0] < event.start_mark.index:
            run.append(comment[1])
            comment = next(comments, None)
        is_value = expects.is_mapping_value
        ours = placed.event
        is_inside = flow > 0
        flow += placed.nesting if flow or (isinstance(ours, Start) and ours.is_flow) else 0
        before: list[Placed] = []
        after: list[Placed] = []
        if flow or is_inside:
            held.extend(Placed(_alone(one.event), one.column) for one in run)
            after = [] if flow else held
        else:
            before, after = _around(ours, run, is_value=is_value)
        yield from before
        yield placed
        yield from after
        if not flow:
            held = []
        expects.take(ours)
    yield from held
    while comment:
        yield comment[1]
        comment = next(comments, None)


def _around(event: Event, run: list[Placed], *, is_value: bool) -> tuple[list[Placed], list[Placed]]:
    """What of the comments before an event comes before it, and what after."""
    if isinstance(event, DocumentStart):
        return [], run
    if isinstance(event, Start) and len(run) % 2:
        return run[:-1], run[-1:]
    if is_value and isinstance(event, Scalar | Alias):
        return [], run
    return run, []


def _alone(event: Event) -> Event:
    return Comment(event.text, is_inline=False) if isinstance(event, Comment) else event


class _Expected:
    """Whether the next event is the value of a mapping's key."""

    def __init__(self) -> None:
        self.open: list[bool | None] = []  # for a mapping: whether its key has been; None for a sequence

    @property
    def is_mapping_value(self) -> bool:
        return bool(self.open) and self.open[-1] is True

    def take(self, event: Event) -> None:
        if isinstance(event, End):
            self.open.pop()
        if isinstance(event, End | Scalar | Alias) and self.open and self.open[-1] is not None:
            self.open[-1] = not self.open[-1]
        if isinstance(event, Start):
            self.open.append(False if event.is_mapping else None)
