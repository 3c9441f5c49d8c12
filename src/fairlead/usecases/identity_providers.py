"""Identity providers: by whom people may be proved, and what that makes of them here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairlead.domain import identity_provider, names
from fairlead.domain.actor import Actor, permissions_of
from fairlead.domain.errors import Conflict
from fairlead.domain.identity_provider import DEFAULT_SCOPES, GroupTeam, IdentityProvider
from fairlead.domain.ids import ProviderId, SecretVersionId
from fairlead.domain.permission import Permission
from fairlead.store import identity_providers as rows
from fairlead.store import roles, teams
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases import access
from fairlead.usecases.context import Context
from fairlead.usecases.roles import require_all


@dataclass(frozen=True, slots=True)
class MappedGroup:
    """Who is in the group is in the team of this name."""

    group: str
    team: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person gives of a provider. `client_secret` None: the one that is held, if any; "": none, as a public
    client has."""

    issuer: str
    client_id: str
    client_secret: str | None = None
    label: str = ""
    scopes: Sequence[str] = DEFAULT_SCOPES
    name_claim: str = "preferred_username"
    groups_claim: str = ""
    teams: Sequence[MappedGroup] = ()
    makes_users: bool = False
    links_by_email: bool = False
    role: str = "none"
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class ProviderView:
    """A provider with the names of its teams, and the address that has to be entered there."""

    provider: IdentityProvider
    teams: tuple[MappedGroup, ...]
    redirect: str


def page(
    context: Context, actor: Actor, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[ProviderView]:
    """By name."""
    actor.require(Permission.SERVER_ADMINISTER)
    with context.database.reading() as connection:
        part = rows.page(connection, search=search, after=after, limit=limit)
        return Page(tuple(_views(context, connection, part.items)), part.after)


def get(context: Context, actor: Actor, name: str) -> ProviderView:
    """By name; NotFound `identity.unknown`."""
    actor.require(Permission.SERVER_ADMINISTER)
    with context.database.reading() as connection:
        return _views(context, connection, [rows.by_name(connection, name)])[0]


def put(context: Context, actor: Actor, name: str, draft: Draft, *, revision: int | None = None) -> ProviderView:
    """The provider is so from now on; with `revision` only if nobody changed it since, else Conflict `edit.conflict`
    (0: `identity.exists`). Nobody lets a provider make of people what they may not themselves: neither by role or team,
    nor by giving them another's account."""
    actor.require(Permission.SERVER_ADMINISTER)
    actor.require(Permission.USER_EDIT)
    names.require("identity provider", names.SERVICE, name)
    with context.database.transaction() as connection:
        held = rows.find_by_name(connection, name)
        if revision == 0 and held is not None:
            raise Conflict("identity.exists", f"{name} exists already", thing=name)
        if revision is not None and revision != (held.revision if held else 0):
            raise Conflict("edit.conflict", f"{name} was changed by somebody else since it was read", thing=name)
        secret = held.client_secret if held else None
        if draft.client_secret is not None:
            secret = _kept(context, connection, actor, name, draft.client_secret)
        blank = held or IdentityProvider(
            ProviderId(context.ids.new("idp")), name, draft.issuer, draft.client_id, context.clock.now()
        )
        wanted = _drafted(connection, draft, replace(blank, client_secret=secret))
        identity_provider.check(wanted)
        _require_what_it_gives(connection, actor, wanted)
        if held is None:
            rows.insert(connection, wanted)
        else:
            wanted = rows.update(connection, wanted)
            teams.end_by_groups(connection, wanted.id, but=[one.team for one in wanted.teams])
        what = f"{'changed' if held else 'added'} the identity provider {name}"
        context.note(connection, actor, "identity_provider.set", what, thing=wanted.id, before=held, after=wanted)
        return _views(context, connection, [wanted])[0]


def remove(context: Context, actor: Actor, name: str) -> None:
    """Nobody signs in by it any more, and the teams that its groups gave end. Who signed in by it stays a user."""
    actor.require(Permission.SERVER_ADMINISTER)
    with context.database.transaction() as connection:
        held = rows.by_name(connection, name)
        teams.end_by_groups(connection, held.id)
        rows.delete(connection, held.id)
        context.note(
            connection,
            actor,
            "identity_provider.removed",
            f"removed the identity provider {name}",
            thing=held.id,
            before=held,
        )


def redirect_of(context: Context, name: str) -> str:
    """Where the provider sends people back to."""
    return f"{context.installation.url.rstrip('/')}/sign-in/{name}/callback"


def _kept(context: Context, connection: Connection, actor: Actor, name: str, secret: str) -> SecretVersionId | None:
    return context.keep(connection, secret, name=f"client secret at {name}", by=actor.name) if secret else None


def _drafted(connection: Connection, draft: Draft, before: IdentityProvider) -> IdentityProvider:
    mapped = {GroupTeam(one.group, teams.by_name_or_id(connection, one.team).id) for one in draft.teams}
    return replace(
        before,
        issuer=draft.issuer.strip(),
        client_id=draft.client_id.strip(),
        label=draft.label.strip(),
        scopes=tuple(dict.fromkeys(draft.scopes)),
        name_claim=draft.name_claim,
        groups_claim=draft.groups_claim,
        teams=tuple(sorted(mapped, key=lambda one: (one.group, one.team))),
        makes_users=draft.makes_users,
        links_by_email=draft.links_by_email,
        role=access.role_of(draft.role),
        is_enabled=draft.is_enabled,
    )


def _require_what_it_gives(connection: Connection, actor: Actor, wanted: IdentityProvider) -> None:
    require_all(actor, permissions_of(wanted.role))
    if wanted.links_by_email:
        require_all(actor, frozenset(Permission))  # whoever proves the address of an administrator becomes one
    for mapped in wanted.teams:
        team = teams.get(connection, mapped.team)
        for permissions in roles.permissions_of(connection, [held.role for held in team.roles]).values():
            require_all(actor, permissions)


def _views(context: Context, connection: Connection, found: Sequence[IdentityProvider]) -> list[ProviderView]:
    """A team that is no more is left out."""
    known = teams.names(connection, {held.team for one in found for held in one.teams})
    return [
        ProviderView(
            one,
            tuple(MappedGroup(held.group, known[held.team]) for held in one.teams if held.team in known),
            redirect_of(context, one.name),
        )
        for one in found
    ]
