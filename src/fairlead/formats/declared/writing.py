"""Writes declared things as files, in one spelling; and leaves a file alone that says the same already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from fairlead.domain.declaration import DeclaredKey, with_placeholders
from fairlead.domain.errors import ProjectFileInvalid
from fairlead.domain.record import Json
from fairlead.formats.declared.layout import Layout, data_of, file_name
from fairlead.formats.declared.reading import read
from fairlead.formats.shape import Shape
from fairlead.formats.yaml_text import yaml_text

SCHEMAS = ".schemas"
"""The folder of the schemas, beside the files."""


def write(layout: Layout[Any], held: Iterable[tuple[str, Shape]]) -> dict[str, str]:
    """Path → text of every file of the noun; `held` are projects' names ("" for the installation's) and items."""
    gathered: dict[str, list[Shape]] = {}
    taken: dict[str, set[str]] = {}
    for project, item in held:
        names = taken.setdefault(project, set())
        name = file_name(layout.name_of(item), names)
        names.add(name)
        gathered.setdefault(layout.path(project, name), []).append(item)
    return {path: text_of(layout, path, items) for path, items in gathered.items()}


def text_of(layout: Layout[Any], path: str, items: Sequence[Shape]) -> str:
    """One file, with the line by which editors find its schema."""
    up = "../" * path.count("/")
    data = [cast("dict[str, Json]", data_of(item)) for item in items]
    body: dict[str, Json] = {layout.top: cast("Json", data)} if layout.top else data[0]
    return f"# yaml-language-server: $schema={up}{SCHEMAS}/{layout.schema}\n{yaml_text(body)}"


def kept(written: Mapping[str, str], present: Mapping[str, bytes], layouts: Sequence[Layout[Any]]) -> dict[str, str]:
    """Those files that have to be written: one that is there and says the same, with comments, in another order of
    keys, or with other names for its placeholders, is left as it is."""
    places = _places(present, layouts)
    named = {_place(path, text, places, layouts): text for path, text in written.items()}
    return {
        path: text
        for path, text in named.items()
        if path not in present or _said(path, present[path], layouts) != _said(path, text.encode(), layouts)
    }


def _places(present: Mapping[str, bytes], layouts: Sequence[Layout[Any]]) -> dict[DeclaredKey, str]:
    """Where the things of files whose names say nothing stand now."""
    found: dict[DeclaredKey, str] = {}
    for path, content in present.items():
        if _is_free(path, layouts):
            for key, _ in _said(path, content, layouts) or ():
                found[key] = path
    return found


def _place(path: str, text: str, places: Mapping[DeclaredKey, str], layouts: Sequence[Layout[Any]]) -> str:
    if not places or not _is_free(path, layouts):
        return path
    said = _said(path, text.encode(), layouts) or ()
    return next((places[key] for key, _ in said if key in places), path)


def _is_free(path: str, layouts: Sequence[Layout[Any]]) -> bool:
    return any("name" in (layout.match(path) or ()) for layout in layouts)


def _said(path: str, content: bytes, layouts: Sequence[Layout[Any]]) -> list[tuple[DeclaredKey, Json]] | None:
    try:
        found = read({path: content}, layouts)
    except ProjectFileInvalid:
        return None
    return [(key, with_placeholders(dict(entry.data), {})) for key, entry in found.entries.items()]
