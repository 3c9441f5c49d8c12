"""Subscriptions: listing, making, changing, removing. Each person sees their own, an administrator all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from fairlead.domain.actor import Actor
from fairlead.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from fairlead.domain.ids import EnvironmentId, ProjectId, TenantId
from fairlead.domain.permission import Permission
from fairlead.domain.record import fingerprint
from fairlead.domain.subscription import Progress, Subscription, check, place_of
from fairlead.domain.webhook_header import GIVEN, merged
from fairlead.store import environments, events, projects, subscriptions, teams, tenants, users
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases.context import Context

T = TypeVar("T", bound=str)

OURSELVES = "fairlead"
"""The name under which the audit has what nobody in particular did."""


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """A subscription with the names that people know, how far it is, and how many events it has not looked at."""

    subscription: Subscription
    projects: tuple[str, ...]
    environments: tuple[str, ...]
    tenants: tuple[str, ...]
    team: str
    progress: Progress
    behind: int


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person gives of a subscription; None: as before, or as it is for a new one. `to` are addresses; `team` ""
    is none; `secret` "" takes it away; `headers` as domain.webhook_header.merged."""

    name: str | None = None
    to: Sequence[str] | None = None
    events: Sequence[str] | None = None
    projects: Sequence[str] | None = None
    environments: Sequence[str] | None = None
    tenants: Sequence[str] | None = None
    people: Sequence[str] | None = None
    team: str | None = None
    secret: str | None = None
    headers: Mapping[str, str | None] | None = None
    schedule: str | None = None
    zone: str | None = None
    is_enabled: bool | None = None
    owner: str | None = None


def page(
    context: Context, actor: Actor, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[SubscriptionView]:
    """The newest first."""
    actor.require(Permission.SUBSCRIPTION_EDIT)
    owner = None if _may_all(actor) else actor.name
    with context.database.reading() as connection:
        part = subscriptions.page(connection, owner=owner, search=search, after=after, limit=limit)
        return Page(tuple(_views(connection, part.items)), part.after)


def get(context: Context, actor: Actor, name: str) -> SubscriptionView:
    """By name or id; NotFound `subscription.unknown`, for somebody else's too."""
    actor.require(Permission.SUBSCRIPTION_EDIT)
    with context.database.reading() as connection:
        return _views(connection, [_found(connection, actor, name)])[0]


def add(context: Context, actor: Actor, draft: Draft) -> SubscriptionView:
    """A new one, of what happens from now on. Conflict `subscription.exists`; Invalid as domain.subscription.check."""
    actor.require(Permission.SUBSCRIPTION_EDIT)
    now = context.clock.now()
    with context.database.transaction() as connection:
        made = _drafted(
            context, connection, actor, draft, Subscription(context.ids.new("sub"), "", actor.name, now), is_new=True
        )
        position = events.written(connection)
        subscriptions.insert(connection, made, Progress(made.id, position, made.next_after(now)))
        view = _views(connection, [made])[0]
        context.note(
            connection,
            actor,
            "subscription.added",
            f"subscribed {made.name}: {_words(view)}",
            thing=made.id,
            after=_kept(made),
        )
    return view


def change(context: Context, actor: Actor, name: str, draft: Draft, *, revision: int | None = None) -> SubscriptionView:
    """What is given of it. One that is enabled again tells what happens from then on; what waits for another try is
    tried at once. With `revision` only if nobody changed it since, else Conflict `edit.conflict`."""
    actor.require(Permission.SUBSCRIPTION_EDIT)
    now = context.clock.now()
    with context.database.transaction() as connection:
        held = _found(connection, actor, name)
        if revision is not None and revision != held.revision:
            raise Conflict("edit.conflict", f"{held.name} was changed by somebody else since it was read", thing=name)
        saved = subscriptions.update(connection, _drafted(context, connection, actor, draft, held, is_new=False))
        progress = subscriptions.progress_of(connection, [saved.id])[saved.id]
        position = progress.position if held.is_enabled else events.written(connection)
        anew = replace(progress, position=position, next_at=saved.next_after(now), tries=0, error="")
        subscriptions.start_anew(connection, anew)
        view = _views(connection, [saved])[0]
        context.note(
            connection,
            actor,
            "subscription.changed",
            f"changed the subscription {held.name}: {_words(view)}",
            thing=saved.id,
            before=_kept(held),
            after=_kept(saved),
        )
    return view


def remove(context: Context, actor: Actor, name: str) -> None:
    """Nothing is told any more."""
    actor.require(Permission.SUBSCRIPTION_EDIT)
    with context.database.transaction() as connection:
        held = _found(connection, actor, name)
        subscriptions.delete(connection, held.id)
        words = f"removed the subscription {held.name}"
        context.note(connection, actor, "subscription.removed", words, thing=held.id, before=_kept(held))


def _may_all(actor: Actor) -> bool:
    return actor.may(Permission.SERVER_ADMINISTER)


def _found(connection: Connection, actor: Actor, name: str) -> Subscription:
    found = subscriptions.by_name_or_id(connection, name)
    if found.owner != actor.name and not _may_all(actor):
        raise NotFound("subscription.unknown", f"you have no subscription {name[:80]!r}", thing=name[:80])
    return found


def _drafted(
    context: Context, connection: Connection, actor: Actor, draft: Draft, before: Subscription, *, is_new: bool
) -> Subscription:
    named = before.name if draft.name is None else draft.name.strip()
    wanted = replace(
        before,
        name=named,
        owner=_owner(connection, actor, draft, before),
        addresses=_given(draft.to, before.addresses),
        events=_given(draft.events or None if is_new else draft.events, before.events),
        projects=_projects(connection, actor, draft.projects, before.projects),
        environments=_environments(connection, draft.environments, before.environments),
        tenants=_tenants(connection, actor, draft.tenants, before.tenants),
        people=_people(connection, draft.people, before.people),
        team=_team(connection, actor, draft.team, before.team),
        schedule=draft.schedule or before.schedule,
        zone=draft.zone or before.zone,
        is_enabled=before.is_enabled if draft.is_enabled is None else draft.is_enabled,
    )
    return _with_secrets(context, connection, actor, draft, before, wanted)


def _with_secrets(
    context: Context, connection: Connection, actor: Actor, draft: Draft, before: Subscription, wanted: Subscription
) -> Subscription:
    """All is looked at before anything is kept."""
    given = draft.headers or {}
    secret = before.secret if draft.secret is None else GIVEN if draft.secret else None
    checked = check(replace(wanted, secret=secret, headers=merged(before.headers, given)))
    _refuse_moved(before, checked)
    keep = partial(context.keep, connection, by=actor.name)
    if draft.secret:
        secret = keep(draft.secret, name=f"subscription {wanted.name}")
    headers = {
        name: keep(given[name] or "", name=f"subscription {wanted.name}: header {name}") if held == GIVEN else held
        for name, held in checked.headers.items()
    }
    return replace(checked, secret=secret, headers=headers)


def _refuse_moved(before: Subscription, wanted: Subscription) -> None:
    """A value that was given for one receiver is told to no other, whoever says so."""
    if set(map(place_of, before.addresses)) == set(map(place_of, wanted.addresses)):
        return
    if kept := [name for name, held in wanted.headers.items() if held != GIVEN]:
        raise Invalid(
            "subscription.header",
            f"the address leads elsewhere: the value of {', '.join(kept)[:300]} was given for {_places(before)}",
            thing="headers",
            hint="give each value again, or take the headers away",
        )


def _places(subscription: Subscription) -> str:
    return ", ".join(map(place_of, subscription.addresses)) or "no address"


def _given(wanted: Sequence[str] | None, before: tuple[str, ...]) -> tuple[str, ...]:
    return before if wanted is None else tuple(dict.fromkeys(one.strip() for one in wanted))


def _projects(
    connection: Connection, actor: Actor, wanted: Sequence[str] | None, before: tuple[ProjectId, ...]
) -> tuple[ProjectId, ...]:
    def found(name: str) -> ProjectId:
        id = projects.by_name_or_id(connection, name).id
        actor.require_somewhere(Permission.VIEW, project=id)
        return id

    return _named(found, wanted, before)


def _tenants(
    connection: Connection, actor: Actor, wanted: Sequence[str] | None, before: tuple[TenantId, ...]
) -> tuple[TenantId, ...]:
    def found(name: str) -> TenantId:
        id = tenants.by_name_or_id(connection, name).id
        actor.require_somewhere(Permission.VIEW, tenant=id)
        return id

    return _named(found, wanted, before)


def _environments(
    connection: Connection, wanted: Sequence[str] | None, before: tuple[EnvironmentId, ...]
) -> tuple[EnvironmentId, ...]:
    return _named(lambda name: environments.by_name_or_id(connection, name).id, wanted, before)


def _people(connection: Connection, wanted: Sequence[str] | None, before: tuple[str, ...]) -> tuple[str, ...]:
    return _named(lambda name: name if name == OURSELVES else users.by_name(connection, name).name, wanted, before)


def _named(find: Callable[[str], T], wanted: Sequence[str] | None, before: tuple[T, ...]) -> tuple[T, ...]:
    """What is gone can still be named by its id where it was before: the filter then fits nothing, and not all."""
    if wanted is None:
        return before
    held = {str(one): one for one in before}
    return tuple(dict.fromkeys(held[name] if name in held else find(name) for name in wanted))


def _team(connection: Connection, actor: Actor, wanted: str | None, before: str | None) -> str | None:
    """One that the actor is in, or any where they may edit users."""
    if wanted is None or wanted == before:
        return before
    if not wanted:
        return None
    is_mine = wanted in teams.names_of(connection, actor.id)
    if not is_mine and not actor.may(Permission.USER_EDIT):
        raise NotFound("team.unknown", f"you are in no team {wanted[:80]!r}", thing=wanted[:80])
    return teams.by_name_or_id(connection, wanted).id


def _owner(connection: Connection, actor: Actor, draft: Draft, before: Subscription) -> str:
    """Whose eyes it has: nobody gets other eyes than their own but from an administrator."""
    if not draft.owner or draft.owner == before.owner:
        return before.owner
    if not _may_all(actor):
        raise NotAllowed(
            "subscription.owner",
            f"{actor.name} cannot make a subscription of {draft.owner[:80]}'s",
            thing="owner",
            hint="leave the owner out, or ask who may administer the server",
        )
    return users.by_name(connection, draft.owner).name


def _kept(subscription: Subscription) -> Subscription:
    """As the audit has it, which more people view: an address shows where it leads, and that another was given."""
    return replace(subscription, addresses=tuple(_kept_address(one) for one in subscription.addresses))


def _kept_address(address: str) -> str:
    place = place_of(address)
    return place if address in (place, f"{place}/") else f"{place}/… ({fingerprint(address)[:8]})"


def _words(view: SubscriptionView) -> str:
    """Where it is told, without what of an address may be a secret."""
    held = view.subscription
    told = [place_of(address) for address in held.addresses] or [f"the members of {view.team}"]
    more = f", with {', '.join(held.headers)}" if held.headers else ""
    off = "" if held.is_enabled else ", disabled"
    return f"{', '.join(held.events)} to {', '.join(told)}{more}{off}"[:1000]


def _views(connection: Connection, found: Sequence[Subscription]) -> list[SubscriptionView]:
    """With ids for the names of what is gone. The number of looks does not grow with the list."""
    owners = projects.names(connection, {id for one in found for id in one.projects})
    places = {one.id: one.name for one in environments.all_of(connection)}
    customers = tenants.names(connection, {id for one in found for id in one.tenants})
    known = teams.names(connection, {one.team for one in found if one.team})
    progress = subscriptions.progress_of(connection, [one.id for one in found])
    written = events.written(connection)
    return [
        SubscriptionView(
            one,
            tuple(owners.get(id, id) for id in one.projects),
            tuple(places.get(id, id) for id in one.environments),
            tuple(customers.get(id, id) for id in one.tenants),
            known.get(one.team, one.team) if one.team else "",
            progress[one.id],
            written - progress[one.id].position,
        )
        for one in found
    ]
