"""Writes events of YAML as text: laid out as YamlDotNet's `Emitter` does it, comments with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from fairlead.formats.structured.yaml_events import (
    Alias,
    Comment,
    DocumentEnd,
    DocumentStart,
    End,
    Event,
    Scalar,
    Start,
)
from fairlead.formats.structured.yaml_scalars import BREAKS, Shape, escaped, hints, shape_of

KEY_LIMIT = 1024
"""Characters of a key before its colon, by the specification."""

_STANDARD_TAGS = (("!", "!"), ("!!", "tag:yaml.org,2002:"))
_ESCAPED_IN_TAGS = re.compile(r"[^0-9A-Za-z_\-;?@=$~)\]/:&+,.*(\[!%#']")


class YamlWriter:
    """`indent`: spaces of one level; `holds`: whether the file's encoding has the characters of a text."""

    def __init__(self, events: Sequence[Event], *, indent: int, line_end: str, holds: Callable[[str], bool]) -> None:
        self._events = events
        self._at = 0
        self._step = indent
        self._line_end = line_end
        self._holds = holds
        self._out: list[str] = []
        self._indent = -1
        self._column = 0
        self._is_spaced = True
        self._is_indentation = True
        self._flow = 0
        self._tags: tuple[tuple[str, str], ...] = _STANDARD_TAGS
        self._is_end_written = False
        self._is_after_block = False

    def text(self) -> str:
        """All of it."""
        is_first = True
        while self._at < len(self._events):
            event = self._take()
            if isinstance(event, Comment):
                self._comment(event)
            elif isinstance(event, DocumentStart):
                self._document_start(event, is_first=is_first)
                self._comments()
                self._node(in_mapping=False)
                self._comments()
                self._document_end(self._take())
                is_first = False
        return "".join(self._out)

    def _take(self) -> Event:
        self._at += 1
        event = self._events[self._at - 1]
        self._is_after_block = self._is_after_block and isinstance(event, Comment)
        return event

    def _peek(self) -> Event:
        return self._events[self._at]

    def _document_start(self, event: DocumentStart, *, is_first: bool) -> None:
        own = tuple(tag for tag in event.tags if tag not in _STANDARD_TAGS)
        self._tags = own + _STANDARD_TAGS
        if not is_first and not self._is_end_written and (event.version or event.tags):
            self._indicator("...", needs_space=True)
            self._line()
        if event.version:
            self._indicator(f"%YAML {event.version[0]}.{event.version[1]}", needs_space=True)
            self._line()
        for handle, prefix in event.tags:
            self._indicator(f"%TAG {handle} {prefix}", needs_space=True)
            self._line()
        first = self._peek()
        holds_nothing = isinstance(first, Scalar) and not first.value
        if event.is_explicit or not is_first or event.version or event.tags or holds_nothing:
            self._line()
            self._indicator("---", needs_space=True)

    def _document_end(self, event: Event) -> None:
        self._line()
        if isinstance(event, DocumentEnd) and event.is_explicit:
            self._indicator("...", needs_space=True)
            self._line()
            self._is_end_written = True

    def _node(self, *, in_mapping: bool, is_key: bool = False) -> None:
        event = self._take()
        match event:
            case Alias():
                self._indicator(f"*{event.anchor}", needs_space=True)
            case Scalar():
                self._scalar(event, is_key=is_key)
            case Start():
                self._properties(event.anchor, event.tag)
                if self._flow or event.is_flow or isinstance(self._peek(), End):
                    self._flow_mapping() if event.is_mapping else self._flow_sequence()
                elif event.is_mapping:
                    self._block_mapping()
                else:
                    self._block_sequence(in_mapping=in_mapping)
            case _:
                raise ValueError(f"{event} is not a value")

    def _properties(self, anchor: str, tag: str) -> None:
        if anchor:
            self._indicator(f"&{anchor}", needs_space=True)
        if tag:
            handle, prefix = next((one for one in self._tags if tag.startswith(one[1])), ("", ""))
            rest = _ESCAPED_IN_TAGS.sub(_percent, tag[len(prefix) :])
            self._indicator(f"{handle}{rest}" if handle else f"!<{rest}>", needs_space=True)

    def _block_sequence(self, *, in_mapping: bool) -> None:
        self._comments()
        before = self._deeper(is_flow=False, is_level=in_mapping and not self._is_indentation)
        while not isinstance(self._peek(), End):
            self._line()
            self._indicator("-", needs_space=True, is_indentation=True)
            self._comments()
            self._node(in_mapping=False)
            self._comments()
        self._at += 1
        self._indent = before

    def _block_mapping(self) -> None:
        self._comments(is_first=True)
        before = self._deeper(is_flow=False)
        while not isinstance(self._peek(), End):
            self._line()
            if self._is_simple_key():
                self._simple_key()
            else:
                self._indicator("?", needs_space=True, is_indentation=True)
                self._node(in_mapping=True)
                self._comments()
                self._line()
                self._indicator(":", needs_space=True, is_indentation=True)
            self._comments()
            self._node(in_mapping=True)
            self._comments()
        self._at += 1
        self._indent = before

    def _flow_sequence(self) -> None:
        before = self._open("[")
        while not isinstance(self._peek(), End):
            self._node(in_mapping=False)
            if not isinstance(self._peek(), End):
                self._indicator(",")
        self._close("]", before)

    def _flow_mapping(self) -> None:
        before = self._open("{")
        while not isinstance(self._peek(), End):
            if self._is_simple_key():
                self._simple_key()
            else:
                self._indicator("?", needs_space=True)
                self._node(in_mapping=True)
                self._indicator(":", needs_space=True)
            self._node(in_mapping=True)
            if not isinstance(self._peek(), End):
                self._indicator(",")
        self._close("}", before)

    def _open(self, mark: str) -> int:
        self._indicator(mark, needs_space=True)
        self._is_spaced = True
        self._flow += 1
        return self._deeper(is_flow=True)

    def _close(self, mark: str, before: int) -> None:
        self._at += 1
        self._flow -= 1
        self._indent = before
        self._indicator(mark)

    def _is_simple_key(self) -> bool:
        match self._peek():
            case Alias():
                return True
            case Scalar() as key:
                length = len(key.value) + len(key.anchor) + len(key.tag)
                return length <= KEY_LIMIT and not any(letter in BREAKS for letter in key.value)
            case _:
                return False

    def _simple_key(self) -> None:
        is_alias = isinstance(self._peek(), Alias)
        self._node(in_mapping=True, is_key=True)
        self._indicator(":", needs_space=is_alias)  # a colon beside its name would belong to that

    def _scalar(self, event: Scalar, *, is_key: bool) -> None:
        shape = shape_of(event.value, self._holds)
        self._properties(event.anchor, event.tag)
        if event.is_empty and not is_key:
            self._write(" null" if self._flow else "")
            return
        before = self._deeper(is_flow=True)
        match self._style(event, shape, is_key=is_key):
            case "":
                self._indicator(event.value, needs_space=True)
            case "'":
                self._indicator("'", needs_space=True)
                self._single_quoted(event.value)
                self._indicator("'")
            case '"':
                self._indicator(f'"{escaped(event.value)}"', needs_space=True)
            case mark:
                self._block(mark, event.value)
        self._indent = before

    def _style(self, event: Scalar, shape: Shape, *, is_key: bool) -> str:
        style = '"' if is_key and shape.is_multiline else event.style
        if style == "" and not (shape.allows_flow_plain if self._flow else shape.allows_block_plain):
            style = "'" if not shape.has_single_quotes else '"'
        if style in ("|", ">") and (not shape.allows_block or self._flow or is_key):
            return '"'
        return '"' if style == "'" and not shape.allows_single_quotes else style

    def _single_quoted(self, value: str) -> None:
        is_after_break = False
        for letter in value.replace("\r\n", "\n"):
            if letter in BREAKS:
                if not is_after_break and letter == "\n":
                    self._break()
                self._break(letter)
                is_after_break = self._is_indentation = True
                continue
            if is_after_break:
                self._line()
            self._write("''" if letter == "'" else letter)
            is_after_break = self._is_indentation = False

    def _block(self, mark: str, value: str) -> None:
        self._is_after_block = True
        self._indicator(mark + hints(value, self._step), needs_space=True)
        self._break()
        self._is_indentation = self._is_spaced = True
        text = value.replace("\r\n", "\n")
        is_after_break = is_led_by_space = True
        for at, letter in enumerate(text):
            if letter in BREAKS:
                if mark == ">" and not (is_after_break or is_led_by_space) and letter not in "\u2028\u2029":
                    rest = text[at:].lstrip("".join(BREAKS))
                    if rest and rest[0] not in " \t":
                        self._break()
                self._break(letter)
                is_after_break = self._is_indentation = True
                continue
            if is_after_break:
                self._line()
                is_led_by_space = letter in " \t"
            self._write(letter)
            is_after_break = self._is_indentation = False

    def _comments(self, *, is_first: bool = False) -> None:
        """The comments that come next; `is_first`: before the first key of a mapping, whose indentation they have."""
        while self._at < len(self._events) and isinstance(self._peek(), Comment):
            comment = self._take()
            assert isinstance(comment, Comment)
            before = self._deeper(is_flow=False) if is_first and not comment.is_inline else self._indent
            self._comment(comment)
            self._indent = before

    def _comment(self, comment: Comment) -> None:
        if comment.is_inline and self._column and not self._is_after_block:
            self._write(f" # {comment.text}")
        else:
            self._line()
            self._write(f"# {comment.text}")
            self._break()
        self._is_indentation = True

    def _deeper(self, *, is_flow: bool, is_level: bool = False) -> int:
        """One level further in; gives what to go back to."""
        before = self._indent
        if before < 0:
            self._indent = self._step if is_flow else 0
        elif not is_level:
            self._indent += self._step
        return before

    def _indicator(self, mark: str, *, needs_space: bool = False, is_indentation: bool = False) -> None:
        if needs_space and not self._is_spaced:
            self._write(" ")
        self._write(mark)
        self._is_spaced = False
        self._is_indentation = self._is_indentation and is_indentation

    def _line(self) -> None:
        """To the present indentation, on a new line where this one has something."""
        indent = max(self._indent, 0)
        if not self._is_indentation or self._column > indent or (self._column == indent and not self._is_spaced):
            self._break()
        self._write(" " * (indent - self._column))
        self._is_spaced = self._is_indentation = True

    def _write(self, text: str) -> None:
        self._out.append(text)
        self._column += len(text)

    def _break(self, letter: str = "\n") -> None:
        self._out.append(letter if letter in "\u2028\u2029" else self._line_end)
        self._column = 0


def _percent(letter: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.group().encode())
