"""Library variable sets: made, described, included in projects, removed. Their variables: `usecases.variables`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairlead.domain import names
from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict
from fairlead.domain.ids import LibrarySetId
from fairlead.domain.library_set import Inclusion, LibrarySet
from fairlead.domain.permission import Permission
from fairlead.store import library_sets, projects, tenant_templates, variables
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases import reaching
from fairlead.usecases.context import Context


@dataclass(frozen=True, slots=True)
class LibrarySetView:
    """A set, how many variables it has, and the names of the projects that include it."""

    library_set: LibrarySet
    variables: int
    projects: tuple[str, ...]


def page(
    context: Context, actor: Actor, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[LibrarySetView]:
    """By name."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        part = library_sets.page(connection, search=search, after=after, limit=limit)
        return Page(_seen(connection, actor, _views(connection, part.items)), part.after)


def get(context: Context, actor: Actor, name: str) -> LibrarySetView:
    """By name or id."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        return _seen(connection, actor, [_view(connection, library_sets.by_name_or_id(connection, name))])[0]


def of_project(context: Context, actor: Actor, project: str) -> tuple[LibrarySet, ...]:
    """Those that the project includes."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        found = projects.by_name_or_id(connection, project)
        actor.require_somewhere(Permission.VIEW, project=found.id)
        return library_sets.of_project(connection, found.id)


def add(context: Context, actor: Actor, name: str, *, description: str = "") -> LibrarySet:
    """A new one, without variables; Conflict `library_set.exists`."""
    actor.require(Permission.LIBRARY_EDIT)
    made = LibrarySet(
        LibrarySetId(context.ids.new("lib")),
        names.library_set_name(name),
        context.clock.now(),
        description,
        actor.name,
    )
    with context.database.transaction() as connection:
        library_sets.insert(connection, made)
        context.note(connection, actor, "library_set.added", f"added the library set {name}", thing=made.id, after=made)
    return made


def change(
    context: Context,
    actor: Actor,
    name: str,
    *,
    new_name: str = "",
    description: str | None = None,
    revision: int | None = None,
) -> LibrarySet:
    """Renamed, described anew; with `revision` only if nobody changed it since, else Conflict `edit.conflict`."""
    actor.require(Permission.LIBRARY_EDIT)
    with context.database.transaction() as connection:
        found = library_sets.by_name_or_id(connection, name)
        if revision is not None and revision != found.revision:
            message = f"{found.name} was changed by somebody else since it was read"
            raise Conflict("edit.conflict", message, thing=found.name, hint="read it again, then decide")
        called = names.library_set_name(new_name) if new_name else found.name
        words = found.description if description is None else description
        saved = library_sets.update(connection, replace(found, name=called, description=words))
        context.note(
            connection,
            actor,
            "library_set.changed",
            f"changed the library set {called}",
            thing=found.id,
            before=found,
            after=saved,
        )
    return saved


def remove(context: Context, actor: Actor, name: str) -> None:
    """Gone with its variables; Conflict `library_set.in_use` while a project includes it."""
    actor.require(Permission.LIBRARY_EDIT)
    with context.database.transaction() as connection:
        found = library_sets.by_name_or_id(connection, name)
        users = _view(connection, found).projects
        if users:
            raise Conflict(
                "library_set.in_use",
                f"{found.name} is included in {', '.join(users)[:300]}",
                thing=found.name,
                hint="fairlead library-sets exclude it there first",
            )
        variables.delete_all(connection, found.id, at=context.clock.now(), by=actor.name)
        tenant_templates.forget_owner(connection, found.id)
        library_sets.delete(connection, found.id)
        context.note(
            connection,
            actor,
            "library_set.removed",
            f"removed the library set {found.name}",
            thing=found.id,
            before=found,
        )


def include(context: Context, actor: Actor, project: str, name: str) -> None:
    """The project's next releases take the set's variables too; nothing happens where they do already."""
    _turn(context, actor, project, name, is_included=True)


def exclude(context: Context, actor: Actor, project: str, name: str) -> None:
    """The project's next releases do without them; nothing happens where they do already."""
    _turn(context, actor, project, name, is_included=False)


def _turn(context: Context, actor: Actor, project: str, name: str, *, is_included: bool) -> None:
    actor.require_somewhere(Permission.VARIABLE_EDIT)
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require(Permission.VARIABLE_EDIT, project=owner.id)
        found = library_sets.by_name_or_id(connection, name)
        if (found in library_sets.of_project(connection, owner.id)) == is_included:
            return
        if is_included:
            id, at = context.ids.new("inc"), context.clock.now()
            library_sets.include(connection, Inclusion(id, owner.id, found.id, at, actor.name))
        else:
            library_sets.exclude(connection, owner.id, found.id)
        kind = "library_set.included" if is_included else "library_set.excluded"
        verb = kind.partition(".")[2]
        context.note(
            connection,
            actor,
            kind,
            f"{verb} the library set {found.name}",
            thing=found.id,
            project=owner.name,
            before={"included": not is_included},
            after={"included": is_included},
        )


def _seen(connection: Connection, actor: Actor, found: Sequence[LibrarySetView]) -> tuple[LibrarySetView, ...]:
    """Without the projects that the actor may not view."""
    mine = reaching.viewed_projects(connection, actor)
    if mine is None:
        return tuple(found)
    return tuple(replace(one, projects=tuple(name for name in one.projects if name in mine)) for one in found)


def _view(connection: Connection, one: LibrarySet) -> LibrarySetView:
    return _views(connection, [one])[0]


def _views(connection: Connection, found: Sequence[LibrarySet]) -> tuple[LibrarySetView, ...]:
    """In a fixed number of queries."""
    ids = [one.id for one in found]
    users = library_sets.users(connection, ids)
    counts = variables.counts(connection, ids)
    return tuple(LibrarySetView(one, counts.get(one.id, 0), users.get(one.id, ())) for one in found)
