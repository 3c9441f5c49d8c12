"""Credentials for registries that images are pulled from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Invalid, NotFound
from fairlead.domain.image import registry_name
from fairlead.domain.permission import Permission
from fairlead.domain.registry_login import RegistryLogin
from fairlead.domain.text import SecretRef
from fairlead.store import registry_logins
from fairlead.store.database import Connection
from fairlead.store.registry_logins import RegistryLoginRow
from fairlead.usecases.context import Context

REGISTRY = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?(?::[0-9]{1,5})?")


def all_of(context: Context, actor: Actor) -> Sequence[RegistryLoginRow]:
    """All, by registry; without passwords."""
    actor.require(Permission.VIEW)
    with context.database.reading() as connection:
        return registry_logins.all_of(connection)


def put(
    context: Context, actor: Actor, registry: str, user: str, password: str, *, keep_password: bool = False
) -> RegistryLoginRow:
    """The registry is logged in to with these from the next run and deployment on; with `keep_password` an empty one
    means the one that is held."""
    actor.require(Permission.SERVER_ADMINISTER)
    if not REGISTRY.fullmatch(registry):
        raise Invalid(
            "input.name", f"{registry[:100]!r} is not a registry's name", thing="registry", hint="host[:port]"
        )
    registry = registry_name(registry)
    with context.database.transaction() as connection:
        held = next((one for one in registry_logins.all_of(connection) if one.registry == registry), None)
        stays = held.password if held and keep_password and not password else None
        if not user or not (password or stays):
            raise Invalid("input.invalid", "user and password are both needed", thing=registry)
        kept = stays or context.keep(connection, password, name=f"registry {registry}", by=actor.name)
        made = RegistryLoginRow(registry, user, kept, context.clock.now(), actor.name)
        registry_logins.put(connection, made)
        context.note(
            connection,
            actor,
            "registry.set",
            f"set the credentials of {registry}",
            thing=registry,
            before=held,
            after=made,
        )
    return made


def remove(context: Context, actor: Actor, registry: str) -> None:
    """Not logged in to any more."""
    actor.require(Permission.SERVER_ADMINISTER)
    registry = registry_name(registry)
    with context.database.transaction() as connection:
        held = next((one for one in registry_logins.all_of(connection) if one.registry == registry), None)
        if not registry_logins.delete(connection, registry):
            raise NotFound("registry.unknown", f"there are no credentials for {registry[:100]!r}", thing=registry[:100])
        context.note(
            connection, actor, "registry.removed", f"removed the credentials of {registry}", thing=registry, before=held
        )


def logins(connection: Connection) -> tuple[RegistryLogin, ...]:
    """As plans carry them: passwords by reference."""
    return tuple(
        RegistryLogin(row.registry, row.user, SecretRef(row.password, f"password at {row.registry}"))
        for row in registry_logins.all_of(connection)
    )
