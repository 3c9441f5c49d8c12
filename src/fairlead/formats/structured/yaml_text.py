"""YAML: each value that a variable is named after is replaced; order, comments, anchors, tags and styles stay.

The rules are Octopus's (`YamlFormatVariableReplacer` of Calamari), its layout too: the indentation that the file mostly
has, no empty lines. A comment ``# patch: Name`` at the start of a document fills it from the YAML of that variable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from fairlead.domain.template.variables import Variables
from fairlead.formats.encoded_text import Encoded, decoded
from fairlead.formats.structured.names import is_reserved
from fairlead.formats.structured.result import Replaced, Unreadable
from fairlead.formats.structured.yaml_events import (
    Alias,
    Comment,
    DocumentEnd,
    DocumentStart,
    End,
    Event,
    Placed,
    Scalar,
    Start,
    read_events,
    read_fragment,
)
from fairlead.formats.structured.yaml_paths import Paths
from fairlead.formats.structured.yaml_writer import YamlWriter

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})

SIZE_LIMIT = 1_048_576
"""Characters: some twenty seconds of reading; configuration is a few thousand."""


def replace_in_yaml(content: bytes, variables: Variables) -> Replaced:
    """Raises `Unreadable` where it is not YAML."""
    file = decoded(content)
    if len(file.text) > SIZE_LIMIT:
        raise Unreadable(f"more than {SIZE_LIMIT} characters")
    placed = read_events(file.text)
    filling = _Filling(variables)
    for one in placed:
        filling.take(one.event)
    lost = _lost_anchors(filling.made) - _lost_anchors([one.event for one in placed])
    warnings = tuple(
        f"*{name}: the value that it stood for is gone; what took its place lacks &{name}" for name in sorted(lost)
    )
    return Replaced("yaml", _written(file, filling.made, _indentation(placed)), tuple(filling.found), warnings)


def _written(file: Encoded, events: list[Event], indent: int) -> bytes:
    text = YamlWriter(events, indent=indent, line_end=file.line_end, holds=file.holds).text()
    if file.holds(text):
        return file.with_text(text).content()
    return Encoded(YamlWriter(events, indent=indent, line_end=file.line_end, holds=lambda _: True).text()).content()


def _indentation(placed: list[Placed]) -> int:
    """The most frequent step between levels, of two to nine spaces; two where there is none."""
    steps: Counter[int] = Counter()
    column = 1
    told = [one for one in placed if not isinstance(one.event, Comment)]
    for one, following in pairwise(told):
        if isinstance(one.event, Start) and not one.event.is_flow:
            here = _column(one.event, one.column, following.column)
            if 2 <= here - column <= 9:
                steps[here - column] += 1
            column = here
        elif one.nesting < 1:
            column = min(column, one.column)
    return steps.most_common(1)[0][0] if steps else 2


def _column(start: Start, column: int, inner: int) -> int:
    """Where the lines of a mapping or sequence begin: with an anchor or a tag before them, not where that stands."""
    if not (start.anchor or start.tag):
        return column
    return inner if start.is_mapping else max(1, inner - len("- "))


def _lost_anchors(events: list[Event]) -> set[str]:
    """What aliases refer to that is nowhere before them in their document."""
    known: set[str] = set()
    lost: set[str] = set()
    for event in events:
        match event:
            case DocumentStart():
                known = set()
            case Start() | Scalar():
                known.add(event.anchor)
            case Alias() if event.anchor not in known:
                lost.add(event.anchor)
            case _:
                continue
    return lost


@dataclass(slots=True)
class _Filling:
    """The events with values replaced, made as they come."""

    variables: Variables
    made: list[Event] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    paths: Paths = field(default_factory=Paths)
    names: Mapping[str, str] = field(default_factory=dict)
    patch: Variables | None = None
    gone: int = 0
    is_at_start: bool = False

    def __post_init__(self) -> None:
        self.names = _by_path(self.variables)

    def take(self, event: Event) -> None:
        """One more event."""
        path = self.paths.of(event)
        if isinstance(event, Comment):
            self._comment(event)
        elif self.gone:
            self.gone += isinstance(event, Start) - isinstance(event, End)
        else:
            self.made.extend(self._replaced(event, path))
        if isinstance(event, DocumentEnd):
            self.patch, self.names = None, _by_path(self.variables)
        # Its comment stands inside the mapping that it comes before, as every comment does.
        self.is_at_start = isinstance(event, DocumentStart) or (self.is_at_start and isinstance(event, Start))

    def _replaced(self, event: Event, path: str | None) -> list[Event]:
        name = self.names.get(path.casefold()) if path else None
        if name is None or not isinstance(event, Start | Scalar):
            return [event]
        value = self._value(name)
        if isinstance(event, Scalar):
            return [_scalar(event, value)]
        self.gone = 1
        return _structure(value, event)

    def _comment(self, comment: Comment) -> None:
        before, marker, name = comment.text.strip().partition("patch:")
        if self.is_at_start and marker and not before and name.strip():
            self.patch = _patch(self.variables, name.strip())
            self.names = {**_by_path(self.variables), **_by_path(self.patch)}
        if not self.gone:
            self.made.append(comment)

    def _value(self, name: str) -> str | None:
        self.found.append(name)
        value = self.patch.get(name) if self.patch else None
        value = value or self.variables.get(name)
        return value.text if value else None


def _by_path(variables: Variables) -> dict[str, str]:
    return {name.casefold(): name for name in variables.names if not is_reserved(name)}


def _scalar(old: Scalar, value: str | None) -> Scalar:
    """In the style, with the anchor and the tag of the one that was there."""
    if value is None:
        return Scalar("null", anchor=old.anchor)
    return replace(old, value=value, is_empty=False)


def _structure(value: str | None, old: Start) -> list[Event]:
    """The one value of YAML that a text is, a string where it is not YAML; with the anchor of what was there."""
    if value is None:
        return [Scalar("null", anchor=old.anchor)]
    first, *others = read_fragment(value) or [Scalar(value, '"')]
    if old.anchor and isinstance(first, Start | Scalar) and not first.anchor:
        first = replace(first, anchor=old.anchor)
    return [first, *others]


def _patch(variables: Variables, name: str) -> Variables:
    """The simple values that the YAML of a variable has, by path."""
    found = variables.get(name)
    paths = Paths()
    values: dict[str, str | None] = {}
    for event in read_fragment(found.text or "") if found else ():
        path = paths.of(event)
        if path and isinstance(event, Scalar):
            values[path] = "" if not event.style and event.value in _NULLS else event.value
    return Variables(values)
