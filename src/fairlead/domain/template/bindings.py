"""Variables as a tree of paths: ``A.B`` and ``A[c]`` are parts of ``A``; a value of JSON has parts of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from fairlead.domain.template.loose_json import Json, NotJson, parse
from fairlead.domain.template.numbers import number_of
from fairlead.domain.template.reading import read_path
from fairlead.domain.template.tree import Index, Name, Path

_HALF = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class Binding:
    """What stands at one path: a value or none, parts by name, parts by index in the order of their making. `index` is
    its own, as it was first written, where it is a part by index."""

    value: str | None = None
    names: dict[str, Binding] = field(default_factory=dict)
    indexes: dict[str, Binding] = field(default_factory=dict)
    index: str = ""


def bind(variables: Mapping[str, str | None]) -> Binding:
    """The tree of these variables. A name that is no path can be had by `Variables.raw` alone."""
    root = Binding()
    for name, value in variables.items():
        path = read_path(name)
        if path is not None:
            _put(root, path, "" if value is None else value)
    return root


def part(value: str, name: str) -> str | None:
    """The part of a value of JSON: "" where it has none of that name. A single number, text or truth is its own part,
    whatever the name; None where the value is no JSON, or nothing."""
    try:
        found = parse(value)
    except NotJson:
        return None
    if isinstance(found, dict):
        return as_text(found.get(name))
    if isinstance(found, list) and name.lstrip("-").isdecimal():
        place = int(name)
        return as_text(found[place] if 0 <= place < len(found) else None)
    return None if found is None or isinstance(found, list) else as_text(found)


def items(value: str) -> Iterable[Binding]:
    """What a loop goes over: the elements of an array, the entries of an object (Key, Value), or a list with commas."""
    try:
        found = parse(value)
    except NotJson:
        found = None
    if isinstance(found, list):
        return [Binding(as_text(one)) for one in found]
    if isinstance(found, dict):
        return list(_entries(found))
    return [Binding(one) for one in value.split(",")]


def keyed(item: Binding) -> Binding:
    """An item of an indexed collection as a loop has it: its index is its ``Key``, where it has none of its own."""
    return Binding(item.value, {"key": Binding(item.index), **item.names}, item.indexes, item.index)


def as_text(found: Json) -> str:
    """A value of JSON as a variable has it: two halves of a character joined, a lone one replaced."""
    text = _text(found)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _HALF.search(text) else text


def _text(found: Json) -> str:
    match found:
        case None:
            return ""
        case bool():
            return str(found)
        case str():
            return found
        case int():
            return str(found)
        case float():
            return number_of(found)
        case _:
            return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def _entries(found: Mapping[str, Json]) -> Iterator[Binding]:
    for name, value in found.items():
        key = as_text(name)
        yield Binding(key, {"key": Binding(key), "value": Binding(as_text(value))})


def _put(root: Binding, path: Path, value: str) -> None:
    at = root
    for step in path.steps:
        match step:
            case Name():
                at = at.names.setdefault(step.key, Binding())
            case Index(of=str() as index):
                at = at.indexes.setdefault(step.key, Binding(index, index=index))
            case _:
                return
    at.value = value
