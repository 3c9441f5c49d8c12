"""What a project's own repository declares: files below ``.fairlead``, beside its fairlead.yml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fairlead.formats.declared.channels import CHANNELS
from fairlead.formats.declared.layout import Layout
from fairlead.formats.declared.processes import PROCESSES
from fairlead.formats.declared.reading import Declarations, read
from fairlead.formats.declared.variables import VARIABLES
from fairlead.formats.files import Files

FOLDER = ".fairlead"
IN_REPOSITORY: tuple[Layout[Any], ...] = (CHANNELS, PROCESSES, VARIABLES)
"""Nouns that a project's repository may declare, each in the file of the same name as in the installation's files."""
PATHS = {f"{FOLDER}/{layout.paths[-1].rpartition('/')[2]}": layout for layout in IN_REPOSITORY}


def declared_paths(files: Mapping[str, object]) -> tuple[str, ...]:
    """Those of the files that are there."""
    return tuple(path for path in PATHS if path in files)


def nouns_in(files: Mapping[str, object]) -> tuple[str, ...]:
    """The nouns that these files declare."""
    return tuple(layout.noun for path, layout in PATHS.items() if path in files)


def as_installation(project: str, files: Files) -> dict[str, bytes]:
    """The files as the installation's files would have them: what `read` and an apply take."""
    prefix = f"projects/{project}/"
    return {prefix + path.removeprefix(f"{FOLDER}/"): files[path] for path in declared_paths(files)}


def read_repository(project: str, files: Files) -> Declarations:
    """What they declare. Raises `ProjectFileInvalid` `declaration.invalid`; places as the repository has them."""
    prefix = f"projects/{project}/"
    return read(
        as_installation(project, files), IN_REPOSITORY, shown=lambda path: f"{FOLDER}/{path.removeprefix(prefix)}"
    )
