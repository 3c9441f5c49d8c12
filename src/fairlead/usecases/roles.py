"""Roles: the built-in ones, and those that an installation makes of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from fairlead.domain import names
from fairlead.domain.actor import Actor, permissions_of
from fairlead.domain.errors import Conflict, Invalid, Refused
from fairlead.domain.ids import RoleId
from fairlead.domain.permission import Permission
from fairlead.domain.role import BUILT_IN, Role, is_built_in
from fairlead.domain.user import User
from fairlead.store import roles, teams
from fairlead.store.database import Connection
from fairlead.store.shelf import Page, part_of
from fairlead.usecases.context import Context


def all_of(context: Context, actor: Actor) -> Sequence[Role]:
    """The built-in ones first, then the others by name."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        return roles.all_of(connection)


def page(context: Context, actor: Actor, *, search: str = "", after: str | None = None, limit: int = 50) -> Page[Role]:
    """As `all_of`, a part at a time."""
    return part_of(
        all_of(context, actor),
        name=lambda one: one.name,
        order=lambda one: f"{not is_built_in(one)} {one.name}",
        search=search,
        after=after,
        limit=limit,
    )


def get(context: Context, actor: Actor, name: str) -> Role:
    """By name or id."""
    actor.require_somewhere(Permission.VIEW)
    with context.database.reading() as connection:
        return roles.by_name_or_id(connection, name)


def add(context: Context, actor: Actor, name: str, permissions: Iterable[str], *, description: str = "") -> Role:
    """A role of the installation's own. Conflict `role.exists`; nobody bundles what they may not themselves."""
    actor.require(Permission.USER_EDIT)
    made = Role(RoleId(context.ids.new("rol")), names.title("role", name), _permissions(permissions), description)
    require_all(actor, made.permissions)
    if any(name.lower() in (one.id, one.name.lower()) for one in BUILT_IN):
        raise Conflict("role.exists", f"{name} is a built-in role", thing=name)
    with context.database.transaction() as connection:
        roles.insert(connection, made)
        context.note(connection, actor, "role.added", f"added the role {name}", thing=made.id, after=made)
    return made


def change(
    context: Context,
    actor: Actor,
    role: str,
    *,
    permissions: Iterable[str] | None = None,
    description: str | None = None,
    revision: int | None = None,
) -> Role:
    """Other permissions or another description, for every team that holds it; with `revision` only if nobody changed
    it since. Refused `role.built_in`."""
    actor.require(Permission.USER_EDIT)
    with context.database.transaction() as connection:
        found = roles.by_name_or_id(connection, role)
        _refuse_built_in(found)
        changed = replace(
            found,
            permissions=found.permissions if permissions is None else _permissions(permissions),
            description=found.description if description is None else description,
            revision=found.revision if revision is None else revision,
        )
        require_all(actor, changed.permissions - found.permissions)
        saved = roles.update(connection, changed)
        context.note(
            connection,
            actor,
            "role.changed",
            f"changed the role {found.name}",
            thing=found.id,
            before=found,
            after=saved,
        )
    return saved


def remove(context: Context, actor: Actor, role: str) -> None:
    """Gone, where no team holds it; else Conflict `role.in_use`. Refused `role.built_in`."""
    actor.require(Permission.USER_EDIT)
    with context.database.transaction() as connection:
        found = roles.by_name_or_id(connection, role)
        _refuse_built_in(found)
        if holding := teams.with_role(connection, found.id):
            named = ", ".join(team.name for team in holding[:5])
            raise Conflict("role.in_use", f"teams hold {found.name}: {named}", thing=found.name, hint="take it first")
        roles.delete(connection, found.id)
        context.note(connection, actor, "role.removed", f"removed the role {found.name}", thing=found.id, before=found)


def require_all(actor: Actor, permissions: Iterable[Permission]) -> None:
    """NotAllowed `permission.denied` where the actor lacks one of them: nobody gives what they do not hold."""
    for permission in sorted(permissions):
        actor.require(permission)


def require_all_of(connection: Connection, actor: Actor, user: User) -> None:
    """NotAllowed `permission.denied` where the user may what the actor may not: who opens somebody's account to others
    gives all that it may."""
    given = teams.grants_for(connection, user.id)
    require_all(actor, permissions_of(user.role).union(*(grant.permissions for grant in given)))


def _permissions(given: Iterable[str]) -> frozenset[Permission]:
    known = {permission.value for permission in Permission}
    wanted = set(given)
    if unknown := sorted(wanted - known):
        raise Invalid(
            "input.invalid",
            f"{unknown[0][:40]!r} is not a permission",
            thing="permissions",
            hint=", ".join(sorted(known)),
        )
    return frozenset(Permission(name) for name in wanted)


def _refuse_built_in(role: Role) -> None:
    if is_built_in(role):
        raise Refused(
            "role.built_in", f"{role.name} is built in", thing=role.name, hint="add a role with the permissions wanted"
        )
