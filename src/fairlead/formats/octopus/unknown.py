"""Variables that files of Octopus use and do not give: templates of tenants, library sets and secrets stay in its
database (https://octopus.com/docs/projects/version-control/config-as-code-reference), and so have no line to report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fairlead.domain.template.reading import read_leniently
from fairlead.domain.template.tree import paths_in, shown
from fairlead.formats.ocl.tree import Attribute, Block, Entries, Place, Value
from fairlead.formats.octopus.report import Line

WHY = (
    "no file gives it, so Octopus has it in its database: make it a variable or secret, give it by a library set, or "
    "ask tenants for it with `tenant_templates` in project.yml"
)
_GIVEN = ("octopus", "fairlead", "env")
_IN_SCRIPTS = re.compile(
    r"""get_octopusvariable\s+["']?(?P<bash>[\w.:\[\]-]+)|\$?OctopusParameters\[["'](?P<other>[^"'\]]+)["']\]""",
    re.IGNORECASE,
)


def unknown_names(documents: Mapping[str, Block]) -> tuple[Line, ...]:
    """One line for each name, where it is used first; in the order of files and lines."""
    known = {name.lower() for document in documents.values() for name in _given(document)}
    found: dict[str, Line] = {}
    for path, document in documents.items():
        for place, name in sorted(_used(document), key=lambda one: one[0].line):
            if not _is_known(name.lower(), known):
                found.setdefault(name.lower(), Line(path, place.line, f"#{{{name}}}", is_taken=False, said=WHY))
    return tuple(found.values())


def _given(block: Block) -> Iterator[str]:
    """Names of variables, and of an action's properties, which scripts of step templates read as variables."""
    for one in block.body:
        if isinstance(one, Block):
            if one.name == "variable":
                yield one.label
            yield from _given(one)
        elif isinstance(one.value, Entries):
            yield from (entry.name for entry in one.value.attributes)


def _is_known(name: str, known: set[str]) -> bool:
    """A name may stand for a part of a variable's value, or for all variables below it."""
    if re.split(r"[.\[:]", name, maxsplit=1)[0] in _GIVEN:
        return True
    starts = {name[:at] for at in range(1, len(name)) if name[at] in ".[:"}
    return name in known or bool(starts & known) or any(one.startswith((f"{name}.", f"{name}[")) for one in known)


def _used(block: Block) -> Iterator[tuple[Place, str]]:
    for one in block.body:
        if isinstance(one, Block):
            if one.name == "value":
                yield from ((one.place, name) for name in _names(one.label))
            yield from _used(one)
        else:
            yield from _in_attribute(one)


def _in_attribute(one: Attribute) -> Iterator[tuple[Place, str]]:
    if isinstance(one.value, Entries):
        for entry in one.value.attributes:
            yield from _in_attribute(entry)
        return
    for text in _texts(one.value):
        yield from ((one.place, name) for name in _names(text))


def _texts(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _texts(one)


def _names(text: str) -> Iterator[str]:
    for path in paths_in(read_leniently(text)):
        yield shown(path.known_beginning)  # ``A`` of ``A[#{B}].C``
    for found in _IN_SCRIPTS.finditer(text):
        yield found["bash"] or found["other"]
