"""A library variable set: variables that several projects include; a project's own come before them at equal rank."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fairlead.domain.ids import LibrarySetId, ProjectId


@dataclass(frozen=True, slots=True)
class LibrarySet:
    """A named set. Its variables name it as their owner; which projects include it is told by `Inclusion`."""

    id: LibrarySetId
    name: str
    created_at: datetime
    description: str = ""
    created_by: str = ""
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Inclusion:
    """A project that takes the variables of a set: its next releases freeze them."""

    id: str
    project: ProjectId
    library_set: LibrarySetId
    created_at: datetime
    created_by: str = ""
