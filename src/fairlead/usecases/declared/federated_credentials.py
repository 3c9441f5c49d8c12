"""Federated credentials by declaration."""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.formats.declared.federated_credentials import FEDERATED_CREDENTIALS, FederatedCredentialItem, normal
from fairlead.store.database import Connection
from fairlead.usecases import federated_credentials
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun
from fairlead.usecases.federated_credentials import Draft

PART = 500


class FederatedCredentials(Noun[FederatedCredentialItem]):
    """By name; only for who may edit users."""

    layout = FEDERATED_CREDENTIALS

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[FederatedCredentialItem]]:
        after: str | None = None
        while actor.may(Permission.USER_EDIT):
            part = federated_credentials.page(context, actor, after=after, limit=PART)
            for view in part.items:
                one = view.credential
                item = FederatedCredentialItem(
                    name=one.name,
                    account=view.account,
                    issuer=one.issuer,
                    audience=one.audience,
                    subject=one.subject,
                    claims=dict(one.claims),
                    lasts_s=one.lasts_s,
                )
                yield Held("", normal(item))
            after = part.after
            if after is None:
                return

    def add(self, at: Applying, project: str, item: FederatedCredentialItem) -> None:
        federated_credentials.put(at.context, at.actor, item.name, _draft(item))

    def change(self, at: Applying, old: Held[FederatedCredentialItem], new: FederatedCredentialItem) -> None:
        federated_credentials.put(at.context, at.actor, new.name, _draft(new))

    def remove(self, at: Applying, held: Held[FederatedCredentialItem]) -> None:
        federated_credentials.remove(at.context, at.actor, held.item.name)


def _draft(item: FederatedCredentialItem) -> Draft:
    return Draft(item.account, item.issuer, item.audience, item.subject, claims=item.claims, lasts_s=item.lasts_s)
