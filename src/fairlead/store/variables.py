"""Variables, their history, and the snapshots that releases freeze."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.ids import LibrarySetId, ProjectId
from fairlead.domain.record import fingerprint, to_data
from fairlead.domain.tenant_template import TenantTemplate
from fairlead.domain.variable import Scope, Variable, VariableSnapshot, scope_key
from fairlead.store import tenant_templates
from fairlead.store.library_sets import inclusions
from fairlead.store.rows import first_noun, to_row
from fairlead.store.schema import data, flag, instant, key, link, metadata, number, text
from fairlead.store.shelf import Page, Shelf, holding

variables = sa.Table(
    "variables",
    metadata,
    key(),
    text("name"),
    text("value"),
    link("secret", "secret_versions.id", nullable=True),
    data("scope"),
    link("project", "projects.id", nullable=True, index=True),
    text("description"),
    number("revision"),
    link("library_set", "library_sets.id", nullable=True, index=True),
    data("prompt", nullable=True),
    data("composite", nullable=True),
    text("owner"),
    text("name_key"),
    text("scope_key"),
    sa.UniqueConstraint("owner", "name_key", "scope_key"),
)

variable_versions = sa.Table(
    "variable_versions",
    metadata,
    key("variable"),
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
    text("project", nullable=True),
    text("name"),
    text("value"),
    text("secret", nullable=True),
    data("scope"),
    text("library_set", nullable=True),
    data("prompt", nullable=True),
    data("composite", nullable=True),
    flag("is_deleted"),
    instant("at"),
    text("by"),
)

variable_snapshots = sa.Table(
    "variable_snapshots",
    metadata,
    key(),
    link("project", "projects.id", index=True),
    instant("created_at"),
    data("variables"),
    data("templates"),
    text("hash"),
)


_remembering = sa.insert(variable_versions)

HISTORY = ("project", "library_set", "name", "value", "secret", "scope", "prompt", "composite")
"""What the history of a variable keeps of it."""

_UNIQUE = ("owner", "name_key", "scope_key")
_of_name_and_scope = sa.select(variables).where(*(variables.c[name] == sa.bindparam(name) for name in _UNIQUE))
_count = sa.select(sa.func.count()).select_from(variables).where(variables.c.owner == sa.bindparam("owner"))

Owner = ProjectId | LibrarySetId
"""Whose a variable is. Ids of both kinds are never the same text."""


def owner_key(owner: Owner | None) -> str:
    """As the column holds it."""
    return str(owner or "")


def _keys(variable: Variable) -> Mapping[str, object]:
    return {
        "owner": owner_key(variable.project or variable.library_set),
        "name_key": variable.name.lower(),
        "scope_key": scope_key(variable.scope),
    }


def _hash(snapshot: VariableSnapshot) -> Mapping[str, object]:
    return {"hash": _hash_of(snapshot.variables, snapshot.templates)}


def _hash_of(found: Iterable[Variable], templates: Iterable[TenantTemplate] = ()) -> str:
    return fingerprint([to_data(one) for one in (*found, *templates)])


_shelf = Shelf(variables, Variable, unknown="variable.missing", exists="variable.exists", more=_keys)
_snapshots = Shelf(variable_snapshots, VariableSnapshot, unknown="variable.missing", more=_hash)
get, find, snapshot = _shelf.get, _shelf.find, _snapshots.get


def insert(connection: sa.Connection, variable: Variable, *, at: datetime, by: str) -> None:
    """A new variable; Conflict `variable.exists` where the project has one of this name and scope."""
    _shelf.insert(connection, variable)
    _remember(connection, variable, at=at, by=by)


def update(connection: sa.Connection, variable: Variable, *, at: datetime, by: str) -> Variable:
    """Changed as a whole, if nobody changed it since; with its new revision."""
    changed = _shelf.update(connection, variable)
    _remember(connection, changed, at=at, by=by)
    return changed


def delete(connection: sa.Connection, variable: Variable, *, at: datetime, by: str) -> None:
    """Gone; its history, and the snapshots that have it, stay."""
    _shelf.delete(connection, variable.id)
    _remember(connection, variable, at=at, by=by, is_deleted=True)


def of_project(connection: sa.Connection, project: ProjectId) -> tuple[Variable, ...]:
    """The project's own and those of the library sets that it includes, in the order of making."""
    included = sa.select(inclusions.c.library_set).where(inclusions.c.project == project)
    return _shelf.where(connection, sa.or_(variables.c.project == project, variables.c.library_set.in_(included)))


def of_projects(connection: sa.Connection) -> tuple[Variable, ...]:
    """Every project's own, in the order of making."""
    return _shelf.where(connection, variables.c.project.is_not(None))


def of_library_sets(connection: sa.Connection) -> tuple[Variable, ...]:
    """Every library set's, in the order of making."""
    return _shelf.where(connection, variables.c.library_set.is_not(None))


def by_name_and_scope(connection: sa.Connection, owner: Owner, name: str, scope: Scope) -> Variable | None:
    """The owner's one variable of exactly this name and scope; None where there is none."""
    held = {"owner": owner_key(owner), "name_key": name.lower(), "scope_key": scope_key(scope)}
    return first_noun(Variable, connection.execute(_of_name_and_scope, held))


def of_owner(connection: sa.Connection, owner: Owner) -> tuple[Variable, ...]:
    """The owner's own, in the order of making."""
    return _shelf.where(connection, variables.c.owner == owner_key(owner))


def named(connection: sa.Connection, owner: Owner, name: str) -> tuple[Variable, ...]:
    """The owner's variables of that name, one for each scope."""
    return _shelf.where(connection, variables.c.owner == owner_key(owner), variables.c.name_key == name.lower())


def page(
    connection: sa.Connection, owner: Owner, *, search: str = "", after: str | None = None, limit: int = 200
) -> Page[Variable]:
    """The owner's, in the order of making; with `search` those whose name has it in it."""
    fits, equal = holding(variables.c.name_key, search), {"owner": owner_key(owner)}
    return _shelf.page(connection, *fits, equal=equal, after=after, limit=limit, newest_first=False)


def count(connection: sa.Connection, owner: Owner) -> int:
    """How many the owner has."""
    return connection.execute(_count, {"owner": owner_key(owner)}).scalar_one()


def counts(connection: sa.Connection, owners: Sequence[LibrarySetId]) -> dict[LibrarySetId, int]:
    """How many each of these sets has; those without any are left out. One query."""
    c = variables.c
    statement = sa.select(c.library_set, sa.func.count()).where(c.library_set.in_(owners)).group_by(c.library_set)
    return {LibrarySetId(id): count for id, count in connection.execute(statement)}


def delete_all(connection: sa.Connection, owner: Owner, *, at: datetime, by: str) -> None:
    """The owner's are gone, each as `delete` has it."""
    for variable in of_owner(connection, owner):
        delete(connection, variable, at=at, by=by)


def freeze(connection: sa.Connection, *, id: str, project: ProjectId, at: datetime) -> VariableSnapshot:
    """The project's variables and its tenants' templates as they are now; the snapshot that already holds exactly
    them, where there is one."""
    found, asked = of_project(connection, project), tenant_templates.of_project(connection, project)
    return keep_snapshot(connection, found, id=id, project=project, at=at, templates=asked)


def is_current(connection: sa.Connection, snapshot: str, project: ProjectId) -> bool:
    """Whether the snapshot holds exactly the project's variables and templates as they are now."""
    kept = sa.select(variable_snapshots.c.hash).where(variable_snapshots.c.id == snapshot)
    now = _hash_of(of_project(connection, project), tenant_templates.of_project(connection, project))
    return connection.execute(kept).scalar() == now


def keep_snapshot(
    connection: sa.Connection,
    found: tuple[Variable, ...],
    *,
    id: str,
    project: ProjectId,
    at: datetime,
    templates: tuple[TenantTemplate, ...] = (),
) -> VariableSnapshot:
    """A snapshot of exactly these; the one that there is already, where there is one."""
    same = sa.and_(variable_snapshots.c.project == project, variable_snapshots.c.hash == _hash_of(found, templates))
    made = _snapshots.one(connection, same)
    if made is None:
        made = VariableSnapshot(id, project, at, found, templates)
        _snapshots.insert(connection, made)
    return made


def keep_answered(
    connection: sa.Connection, found: tuple[Variable, ...], *, project: ProjectId, at: datetime
) -> VariableSnapshot:
    """A snapshot of exactly these, whose id comes from what it holds: who gives the same answers again, or only looks
    at what they would do, has the same one."""
    id = f"vsn-{fingerprint([project, _hash_of(found)])[:40]}"
    return keep_snapshot(connection, found, id=id, project=project, at=at)


def _remember(
    connection: sa.Connection, variable: Variable, *, at: datetime, by: str, is_deleted: bool = False
) -> None:
    row = to_row(variable)
    kept = {name: row[name] for name in HISTORY}
    revision = variable.revision + (1 if is_deleted else 0)
    told = {"variable": variable.id, "revision": revision, "is_deleted": is_deleted, "at": at, "by": by}
    connection.execute(_remembering, {**kept, **told})
