"""What a project's own repository declares: files below ``.fairlead``, beside its fairlead.yml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fairlead.formats.declared.channels import CHANNELS
from fairlead.formats.declared.layout import Layout
from fairlead.formats.declared.processes import PROCESSES
from fairlead.formats.declared.reading import Declarations, is_declaration, read
from fairlead.formats.declared.runbooks import RUNBOOKS
from fairlead.formats.declared.triggers import TRIGGERS
from fairlead.formats.declared.variables import VARIABLES
from fairlead.formats.files import Files, below

FOLDER = ".fairlead"
IN_REPOSITORY: tuple[Layout[Any], ...] = (CHANNELS, PROCESSES, VARIABLES, RUNBOOKS, TRIGGERS)
"""Nouns that a project's repository may declare, each in the file of the same name as in the installation's files."""
_PROJECT = "projects/{project}/"
PATTERNS = tuple(f"{FOLDER}/{layout.paths[-1].removeprefix(_PROJECT)}" for layout in IN_REPOSITORY)
"""Where they stand, ``{name}`` for any name."""


def declared_paths(files: Mapping[str, object]) -> tuple[str, ...]:
    """Those of the files that are there and declare something."""
    return tuple(path for path in _paths(files) if layout_at(path) is not None)


def nouns_in(files: Mapping[str, object]) -> tuple[str, ...]:
    """The nouns that these files declare."""
    found = {layout.noun for path in _paths(files) if (layout := layout_at(path)) is not None}
    return tuple(layout.noun for layout in IN_REPOSITORY if layout.noun in found)


def layout_at(path: str) -> Layout[Any] | None:
    """What a file of the repository declares; None where nothing."""
    if not path.startswith(f"{FOLDER}/"):
        return None
    inner = _PROJECT.format(project="x") + path.removeprefix(f"{FOLDER}/")
    return next((layout for layout in IN_REPOSITORY if layout.match(inner) is not None), None)


def as_installation(project: str, files: Files) -> dict[str, bytes]:
    """The files as the installation's files would have them: what `read` and an apply take."""
    prefix = _PROJECT.format(project=project)
    return {prefix + path.removeprefix(f"{FOLDER}/"): files[path] for path in declared_paths(files)}


def read_repository(project: str, files: Files) -> Declarations:
    """What they declare. Raises `ProjectFileInvalid` `declaration.invalid`; places as the repository has them."""
    prefix = _PROJECT.format(project=project)
    return read(
        as_installation(project, files), IN_REPOSITORY, shown=lambda path: f"{FOLDER}/{path.removeprefix(prefix)}"
    )


def unknown_paths(files: Files) -> tuple[str, ...]:
    """YAML files below the folder that declare nothing: a name that was spelt wrongly, or a noun that stays outside."""
    inner = ((path, path.removeprefix(f"{FOLDER}/")) for path in _paths(files))
    return tuple(path for path, name in inner if is_declaration(name) and layout_at(path) is None)


def _paths(files: Mapping[str, Any]) -> tuple[str, ...]:
    return below(files, FOLDER)
