"""JSON: each value that a variable is named after is replaced where it stands; all else stays as it is, comments too.

The rules are Octopus's (`JsonUpdateMap` of Calamari): numbers and booleans stay what they are where the new value is
one, objects and arrays are replaced by JSON, everything else becomes a string.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator

from fairlead.domain.template.variables import Variables
from fairlead.formats.encoded_text import Encoded, decoded
from fairlead.formats.structured.json_tree import JsonValue, paths, read_json, written
from fairlead.formats.structured.names import is_reserved
from fairlead.formats.structured.result import Replaced, Unreadable

_WHOLE = re.compile(r"\s*([+-]?\d+)\s*")
_STRICT = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_LARGEST_WHOLE = 2**63
_INDENTATION = re.compile(r"\n([ \t]+)\S")


def replace_in_json(content: bytes, variables: Variables) -> Replaced:
    """Raises `Unreadable` where it is not JSON. An empty file is an empty object."""
    file = decoded(content)
    if not file.text:
        return Replaced("json", file.with_text("{}").content(), ())
    places = {path.casefold(): value for path, value in paths(read_json(file.text))}
    edits: dict[tuple[int, int], str] = {}
    found: list[str] = []
    warnings: list[str] = []
    for name in variables.names:
        place = places.get(name.casefold())
        if place is None or is_reserved(name):
            continue
        found.append(name)
        try:
            edits[place.start, place.end] = _replacement(file, place, _value(variables, name))
        except Unreadable as unreadable:
            warnings.append(f"The value of {name} could not be set: it has to be JSON here ({unreadable})")
    text = "".join(_edited(file.text, edits))
    return Replaced("json", file.with_text(text).content(), tuple(found), tuple(warnings))


def _value(variables: Variables, name: str) -> str | None:
    found = variables.get(name)
    return found.text if found else None


def _replacement(file: Encoded, place: JsonValue, value: str | None) -> str:
    match place.kind:
        case "object" | "array":
            return _structure(file, place, value)
        case "number":
            number = _number(_some(value))
            return json.dumps(value, ensure_ascii=False) if number is None else number
        case "boolean":
            stripped = _some(value).strip(" \t\r\n\0").lower()
            return stripped if stripped in ("true", "false") else json.dumps(value, ensure_ascii=False)
        case "other":
            return json.dumps(value, ensure_ascii=False)


def _some(value: str | None) -> str:
    if value is None:
        raise Unreadable("there is no value")
    return value


def _structure(file: Encoded, place: JsonValue, value: str | None) -> str:
    text = _some(value)
    line = file.text.rfind("\n", 0, place.start) + 1
    before = re.match(r"[ \t]*", file.text[line : place.start])
    indentation = _INDENTATION.search(file.text)
    return written(
        text,
        read_json(text),
        indent=indentation[1] if indentation else "  ",
        before=before.group() if before else "",
        line_end=file.line_end,
    )


def _number(value: str) -> str | None:
    """The value as a number of JSON, as it was written where that is one; None where it is no number."""
    whole = _WHOLE.fullmatch(value)
    if whole and -_LARGEST_WHOLE <= int(whole[1]) < _LARGEST_WHOLE:
        return str(int(whole[1]))
    stripped = value.strip()
    if _STRICT.fullmatch(stripped):
        return stripped
    try:
        number = float(re.sub(r"(?<=\d),(?=\d)", "", stripped)) if "_" not in stripped else math.nan
    except ValueError:
        return None
    return repr(number) if math.isfinite(number) else None


def _edited(text: str, edits: dict[tuple[int, int], str]) -> Iterator[str]:
    """The text with its edits; one inside the place of another is gone with it."""
    at = 0
    for (start, end), new in sorted(edits.items()):
        if start < at:
            continue
        yield text[at:start]
        yield new
        at = end
    yield text[at:]
