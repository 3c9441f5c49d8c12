"""How one field of a plan is shown: a short value on its line, a long one as YAML, a changed one by its lines."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import cast

from fairlead.domain.record import Json
from fairlead.formats.yaml_text import scalar, yaml_text

AROUND = 2
"""Lines around a changed one that say where it is."""
Shown = tuple[str, str]
"""A line, and what it is: "+", "-" or " "."""


def field_lines(field: str, old: str, new: str) -> Iterator[Shown]:
    """`old` and `new` as JSON, "" where there is none."""
    before, after = _value(old), _value(new)
    if not (_is_long(before) or _is_long(after)):
        was = f"{_short(old, before)} → " if old else ""
        yield f"{field}: {was}{_short(new, after) if new else 'its default'}", " "
        return
    yield f"{field}:", " "
    was_lines, lines = _lines(before) if old else [], _lines(after) if new else []
    if not old:
        yield from ((f"  {line}", " ") for line in lines)
        return
    changed = list(difflib.unified_diff(was_lines, lines, lineterm="", n=AROUND))[2:]
    for line in changed:
        yield ("  …", " ") if line.startswith("@@") else (f"  {line}", line[0])


def _value(text: str) -> object:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text  # a word of the plan itself, as for what may not be shown


def _is_long(value: object) -> bool:
    if isinstance(value, str):
        return "\n" in value
    return isinstance(value, list | dict) and not (isinstance(value, list) and all(_is_short(one) for one in value))


def _is_short(value: object) -> bool:
    return isinstance(value, str | int | float | bool) and not _is_long(value)


def _short(text: str, value: object) -> str:
    return scalar(value) if isinstance(value, str) else text


def _lines(value: object) -> list[str]:
    """As YAML, whatever it is: behind a key, which is then taken away."""
    if isinstance(value, str):
        return value.splitlines()
    first, *rest = yaml_text({"it": cast("Json", value)}).splitlines()
    return [line.removeprefix("  ") for line in rest] or [first.removeprefix("it: ")]
