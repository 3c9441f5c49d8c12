"""Project groups: adding, changing, removing."""

from __future__ import annotations

from dataclasses import replace

from fairlead.domain import names as naming
from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict
from fairlead.domain.group import Group
from fairlead.domain.ids import GroupId
from fairlead.domain.permission import Permission
from fairlead.store import groups
from fairlead.store.shelf import Page
from fairlead.usecases.context import Context


def page(context: Context, actor: Actor, *, search: str = "", after: str | None = None, limit: int = 50) -> Page[Group]:
    """By name."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        return groups.page(connection, search=search, after=after, limit=limit)


def get(context: Context, actor: Actor, name: str) -> Group:
    """By name or id."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        return groups.by_name_or_id(connection, name)


def names(context: Context, actor: Actor) -> dict[str, str]:
    """Name of each, by id."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        return {str(id): name for id, name in groups.names(connection).items()}


def add(context: Context, actor: Actor, name: str, *, description: str = "") -> Group:
    """A new one, without projects. Conflict `group.exists`."""
    actor.require(Permission.PROJECT_EDIT)
    made = Group(GroupId(context.ids.new("grp")), naming.title("group", name), description)
    with context.database.transaction() as connection:
        groups.insert(connection, made)
        context.note(connection, actor, "group.added", f"added the project group {name}", thing=made.id, after=made)
    return made


def change(
    context: Context,
    actor: Actor,
    group: str,
    *,
    name: str | None = None,
    description: str | None = None,
    revision: int | None = None,
) -> Group:
    """Another name or description; with `revision` only if nobody changed it since, else Conflict `edit.conflict`."""
    actor.require_somewhere(Permission.PROJECT_EDIT)
    with context.database.transaction() as connection:
        found = groups.by_name_or_id(connection, group)
        actor.require(Permission.PROJECT_EDIT, project=found.id)
        changed = replace(
            found,
            name=found.name if name is None else naming.title("group", name),
            description=found.description if description is None else description,
            revision=found.revision if revision is None else revision,
        )
        saved = groups.update(connection, changed)
        context.note(
            connection,
            actor,
            "group.changed",
            f"changed the project group {found.name}",
            thing=found.id,
            before=found,
            after=saved,
        )
    return saved


def remove(context: Context, actor: Actor, group: str) -> None:
    """Gone, where no project is in it; else Conflict `group.in_use`."""
    actor.require(Permission.PROJECT_EDIT)
    with context.database.transaction() as connection:
        found = groups.by_name_or_id(connection, group)
        if inside := groups.projects_in(connection, [found.id])[found.id]:
            raise Conflict(
                "group.in_use",
                f"{len(inside)} projects are in {found.name}",
                thing=found.name,
                hint="move them first: fairlead projects set NAME --group OTHER",
            )
        groups.delete(connection, found.id)
        context.note(
            connection, actor, "group.removed", f"removed the project group {found.name}", thing=found.id, before=found
        )
