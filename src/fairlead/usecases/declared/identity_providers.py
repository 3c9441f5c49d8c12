"""Identity providers by declaration."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.formats.declared.identity_providers import (
    IDENTITY_PROVIDERS,
    IdentityProviderItem,
    MappedGroupItem,
    normal,
)
from fairlead.formats.declared.layout import SecretField
from fairlead.store.database import Connection
from fairlead.usecases import identity_providers
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun
from fairlead.usecases.identity_providers import Draft, MappedGroup

PART = 500


class IdentityProviders(Noun[IdentityProviderItem]):
    """By name; only for who may administer the server."""

    layout = IDENTITY_PROVIDERS

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[IdentityProviderItem]]:
        after: str | None = None
        while actor.may(Permission.SERVER_ADMINISTER):
            part = identity_providers.page(context, actor, after=after, limit=PART)
            for view in part.items:
                one = view.provider
                name = f"identity-provider/{one.name}"
                item = IdentityProviderItem(
                    name=one.name,
                    issuer=one.issuer,
                    client_id=one.client_id,
                    client_secret=SecretField(secret=name) if one.client_secret else None,
                    label=one.label,
                    scopes=one.scopes,
                    name_claim=one.name_claim,
                    groups_claim=one.groups_claim,
                    teams=tuple(MappedGroupItem(group=held.group, team=held.team) for held in view.teams),
                    makes_users=one.makes_users,
                    links_by_email=one.links_by_email,
                    role=one.role,
                    enabled=one.is_enabled,
                )
                yield Held("", normal(item), {name: one.client_secret} if one.client_secret else {})
            after = part.after
            if after is None:
                return

    def add(self, at: Applying, project: str, item: IdentityProviderItem) -> None:
        identity_providers.put(at.context, at.actor, item.name, _draft(item, at.value(item.client_secret)))

    def change(self, at: Applying, old: Held[IdentityProviderItem], new: IdentityProviderItem) -> None:
        secret = at.value(new.client_secret) or (None if new.client_secret else "")
        identity_providers.put(at.context, at.actor, new.name, _draft(new, secret))

    def remove(self, at: Applying, held: Held[IdentityProviderItem]) -> None:
        identity_providers.remove(at.context, at.actor, held.item.name)


def _draft(item: IdentityProviderItem, secret: str | None) -> Draft:
    return Draft(
        item.issuer,
        item.client_id,
        secret,
        label=item.label,
        scopes=item.scopes,
        name_claim=item.name_claim,
        groups_claim=item.groups_claim,
        teams=[MappedGroup(one.group, one.team) for one in item.teams],
        makes_users=item.makes_users,
        links_by_email=item.links_by_email,
        role=item.role.value,
        is_enabled=item.enabled,
    )
