"""Changing who may sign in, and service accounts: users of programs, which have keys and no password."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairlead.domain import names
from fairlead.domain.actor import Actor, permissions_of
from fairlead.domain.errors import Conflict, Invalid
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import Permission, RoleName
from fairlead.domain.user import ApiKey, User
from fairlead.store import teams, users
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases import access
from fairlead.usecases.access import NewKey
from fairlead.usecases.context import Context
from fairlead.usecases.roles import require_all, require_all_of


@dataclass(frozen=True, slots=True)
class UserView:
    """A user with the names of their teams."""

    user: User
    teams: tuple[str, ...]


def get(context: Context, actor: Actor, name: str) -> UserView:
    """By name."""
    actor.require(Permission.USER_EDIT)
    with context.database.reading() as connection:
        found = users.by_name(connection, name)
        return UserView(found, teams.names_of(connection, found.id))


def change(
    context: Context,
    actor: Actor,
    name: str,
    *,
    email: str | None = None,
    role: str | None = None,
    is_enabled: bool | None = None,
    revision: int | None = None,
) -> User:
    """What is given of them; who is disabled can neither sign in nor use a key, at once. With `revision` only if nobody
    changed them since. Conflict `user.last_administrator` where nobody would be left who may everything."""
    actor.require(Permission.USER_EDIT)
    with context.database.transaction() as connection:
        found = users.by_name(connection, name)
        changed = replace(
            found,
            email=found.email if email is None else access.mail_address(email),
            role=found.role if role is None else access.role_of(role),
            is_enabled=found.is_enabled if is_enabled is None else is_enabled,
            revision=found.revision if revision is None else revision,
        )
        require_all(actor, permissions_of(changed.role) - permissions_of(found.role))
        if changed.email != found.email:  # by which an identity provider may link who proves it
            require_all_of(connection, actor, found)
        _keep_an_administrator(connection, found, changed)
        saved = users.update(connection, changed)
        if not saved.is_enabled:
            users.end_sessions(connection, user=saved.id)
        context.note(
            connection, actor, "user.changed", f"changed {found.name}", thing=found.id, before=found, after=saved
        )
    return saved


def service_accounts(
    context: Context, actor: Actor, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[User]:
    """By name."""
    actor.require(Permission.USER_EDIT)
    with context.database.reading() as connection:
        return users.page(connection, search=search, after=after, limit=limit, is_service=True)


def add_service_account(context: Context, actor: Actor, name: str, *, role: str = "none") -> User:
    """A user that no person is: it has no password, and what it may comes from `role` and its teams."""
    actor.require(Permission.USER_EDIT)
    names.require("user", names.USER, name)
    held = access.role_of(role)
    require_all(actor, permissions_of(held))
    made = User(ActorId(context.ids.new("usr")), name, context.clock.now(), role=held, is_service=True)
    with context.database.transaction() as connection:
        users.insert(connection, made)
        context.note(
            connection, actor, "user.added", f"added the service account {name} as {held}", thing=made.id, after=made
        )
    return made


def add_service_key(context: Context, actor: Actor, name: str, purpose: str, *, days: int = 0) -> NewKey:
    """A key of a service account; its text is told only now. Nobody makes one that may more than they may."""
    actor.require(Permission.USER_EDIT)
    with context.database.reading() as connection:
        found = _service_account(connection, name)
        require_all_of(connection, actor, found)
    return access.make_key(context, actor, purpose, days=days, of=found.id)


def service_keys(context: Context, actor: Actor, name: str) -> Sequence[ApiKey]:
    """Those of a service account that were not revoked."""
    actor.require(Permission.USER_EDIT)
    with context.database.reading() as connection:
        found = _service_account(connection, name)
        return tuple(key for key in users.keys_of(connection, found.id) if key.revoked_at is None)


def _service_account(connection: Connection, name: str) -> User:
    found = users.by_name(connection, name)
    if not found.is_service:
        raise Invalid("user.person", f"{name} is a person, who makes their own keys", thing=name)
    return found


def _keep_an_administrator(connection: Connection, found: User, changed: User) -> None:
    was = found.role is RoleName.ADMINISTRATOR and found.is_enabled
    stays = changed.role is RoleName.ADMINISTRATOR and changed.is_enabled
    if was and not stays and users.count_administrators(connection) < 2:
        raise Conflict(
            "user.last_administrator",
            f"{found.name} is the last administrator",
            thing=found.name,
            hint="make somebody else an administrator first",
        )
