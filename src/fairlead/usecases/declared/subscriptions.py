"""Subscriptions by declaration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fairlead.domain.actor import Actor
from fairlead.domain.permission import Permission
from fairlead.formats.declared.layout import SecretField
from fairlead.formats.declared.subscriptions import SUBSCRIPTIONS, SubscriptionItem
from fairlead.store.database import Connection
from fairlead.usecases import subscriptions
from fairlead.usecases.context import Context
from fairlead.usecases.declared.noun import Applying, Held, Noun
from fairlead.usecases.subscriptions import Draft

PART = 500
NOTHING: Mapping[str, str] = {}


class Subscriptions(Noun[SubscriptionItem]):
    """By name; only for who may have any: one's own, all for an administrator."""

    layout = SUBSCRIPTIONS

    def held(self, context: Context, actor: Actor, connection: Connection) -> Iterable[Held[SubscriptionItem]]:
        after: str | None = None
        found: list[subscriptions.SubscriptionView] = []
        while actor.may(Permission.SUBSCRIPTION_EDIT):
            part = subscriptions.page(context, actor, after=after, limit=PART)
            found += part.items
            after = part.after
            if after is None:
                break
        for view in sorted(found, key=lambda one: one.subscription.name):
            held = view.subscription
            name = f"subscription/{held.name}"
            headers = {header: f"{name}/header/{header}" for header in held.headers}
            item = SubscriptionItem(
                name=held.name,
                owner=held.owner,
                to=held.addresses,
                secret=SecretField(secret=name) if held.secret else None,
                headers={header: SecretField(secret=mark) for header, mark in headers.items()},
                events=held.events,
                projects=view.projects,
                environments=view.environments,
                tenants=view.tenants,
                people=held.people,
                team=view.team,
                schedule=held.schedule,
                zone=held.zone,
                enabled=held.is_enabled,
            )
            secrets = {mark: held.headers[header] for header, mark in headers.items()}
            yield Held("", item, secrets | ({name: held.secret} if held.secret else {}))

    def add(self, at: Applying, project: str, item: SubscriptionItem) -> None:
        subscriptions.add(at.context, at.actor, _draft(at, item))

    def change(self, at: Applying, old: Held[SubscriptionItem], new: SubscriptionItem) -> None:
        kept = {name.lower() for name in new.headers}
        gone = {name: "" for name in old.item.headers if name.lower() not in kept}
        subscriptions.change(at.context, at.actor, old.item.name, _draft(at, new, gone))

    def remove(self, at: Applying, held: Held[SubscriptionItem]) -> None:
        subscriptions.remove(at.context, at.actor, held.item.name)


def _draft(at: Applying, item: SubscriptionItem, gone: Mapping[str, str] = NOTHING) -> Draft:
    return Draft(
        item.name,
        to=item.to,
        events=item.events,
        projects=item.projects,
        environments=item.environments,
        tenants=item.tenants,
        people=item.people,
        team=item.team,
        secret=at.value(item.secret) or (None if item.secret else ""),
        headers={**gone, **{name: at.value(mark) or None for name, mark in item.headers.items()}},
        schedule=item.schedule,
        zone=item.zone,
        is_enabled=item.enabled,
        owner=item.owner,
    )
