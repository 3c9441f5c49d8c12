"""Credentials for registries by declaration."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.formats.declared.layout import SecretField
from fairlead.formats.declared.registries import REGISTRIES, RegistryItem
from fairlead.store import registry_logins
from fairlead.store.database import Connection
from fairlead.usecases import registries
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun


class Registries(Noun[RegistryItem]):
    """By registry."""

    layout = REGISTRIES

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[RegistryItem]]:
        actor.require(Permission.VIEW)
        for one in registry_logins.all_of(connection):
            name = f"{one.registry}/password"
            item = RegistryItem(registry=one.registry, user=one.user, password=SecretField(secret=name))
            yield Held("", item, {name: one.password})

    def add(self, at: Applying, project: str, item: RegistryItem) -> None:
        registries.put(at.context, at.actor, item.registry, item.user, at.value(item.password))

    def change(self, at: Applying, old: Held[RegistryItem], new: RegistryItem) -> None:
        registries.put(at.context, at.actor, new.registry, new.user, at.value(new.password), keep_password=True)

    def remove(self, at: Applying, held: Held[RegistryItem]) -> None:
        registries.remove(at.context, at.actor, held.item.registry)
