"""Library variable sets, and which projects include them. Their variables are in `store.variables`."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from fairlead.domain.ids import LibrarySetId, ProjectId
from fairlead.domain.library_set import Inclusion, LibrarySet
from fairlead.store.projects import projects
from fairlead.store.rows import nouns
from fairlead.store.schema import instant, key, link, metadata, number, text
from fairlead.store.shelf import Page, Shelf, name_key

library_sets = sa.Table(
    "library_sets",
    metadata,
    key(),
    text("name", unique=True),
    instant("created_at"),
    text("description"),
    text("created_by"),
    number("revision"),
    text("name_key", unique=True),
)

inclusions = sa.Table(
    "library_set_inclusions",
    metadata,
    key(),
    link("project", "projects.id"),
    link("library_set", "library_sets.id", index=True),
    instant("created_at"),
    text("created_by"),
    sa.UniqueConstraint("project", "library_set"),
)

_shelf = Shelf(
    library_sets,
    LibrarySet,
    unknown="library_set.unknown",
    exists="library_set.exists",
    more=name_key,
)
_included = Shelf(inclusions, Inclusion, unknown="library_set.unknown", exists="library_set.exists")
insert, get, find, update, delete = _shelf.insert, _shelf.get, _shelf.find, _shelf.update, _shelf.delete
include = _included.insert


def by_name_or_id(connection: sa.Connection, text: str) -> LibrarySet:
    """As people and programs name it; NotFound `library_set.unknown`."""
    return _shelf.require(_shelf.find_named(connection, text), text)


def page(connection: sa.Connection, *, search: str = "", after: str | None = None, limit: int = 50) -> Page[LibrarySet]:
    """By name; with `search` those whose name has it in it."""
    return _shelf.page_by_name(connection, search=search, after=after, limit=limit)


def of_project(connection: sa.Connection, project: ProjectId) -> tuple[LibrarySet, ...]:
    """Those that the project includes, in the order in which it took them."""
    statement = (
        sa.select(library_sets)
        .join(inclusions, inclusions.c.library_set == library_sets.c.id)
        .where(inclusions.c.project == project)
        .order_by(inclusions.c.id)
    )
    return tuple(nouns(LibrarySet, connection.execute(statement)))


def users(connection: sa.Connection, ids: Sequence[LibrarySetId]) -> dict[LibrarySetId, tuple[str, ...]]:
    """The names of the projects that include each of these sets, sorted; one query."""
    c = inclusions.c
    statement = sa.select(c.library_set, projects.c.name).join(projects, projects.c.id == c.project)
    found: dict[LibrarySetId, tuple[str, ...]] = {}
    for id, name in connection.execute(statement.where(c.library_set.in_(ids)).order_by(projects.c.name)):
        found[LibrarySetId(id)] = (*found.get(LibrarySetId(id), ()), name)
    return found


def included(connection: sa.Connection) -> dict[ProjectId, tuple[str, ...]]:
    """The names of the sets that each project includes, in the order in which it took them."""
    c = inclusions.c
    statement = sa.select(c.project, library_sets.c.name).join(library_sets, c.library_set == library_sets.c.id)
    found: dict[ProjectId, tuple[str, ...]] = {}
    for project, name in connection.execute(statement.order_by(c.id)):
        found[ProjectId(project)] = (*found.get(ProjectId(project), ()), name)
    return found


def all_of(connection: sa.Connection) -> tuple[LibrarySet, ...]:
    """All, by name."""
    return _shelf.where(connection, order=library_sets.c.name)


def exclude(connection: sa.Connection, project: ProjectId, library_set: LibrarySetId | None = None) -> int:
    """The project takes this set no more, or none at all; how many it took."""
    conditions = [inclusions.c.project == project]
    if library_set is not None:
        conditions.append(inclusions.c.library_set == library_set)
    return connection.execute(sa.delete(inclusions).where(*conditions)).rowcount
