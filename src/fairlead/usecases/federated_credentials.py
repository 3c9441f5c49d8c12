"""Federated credentials, and the exchange of a build server's token for a key of a service account (RFC 8693)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from fairlead.domain import federated_credential, id_token, names
from fairlead.domain.actor import SYSTEM, Actor
from fairlead.domain.errors import Conflict, FairleadError, Invalid, NotAllowed, NotAuthenticated, RateLimited, Refused
from fairlead.domain.federated_credential import LONGEST_S, FederatedCredential
from fairlead.domain.permission import Permission
from fairlead.domain.record import Json
from fairlead.domain.user import User
from fairlead.ports.issuers import Issuers
from fairlead.store import federated_credentials as rows
from fairlead.store import users
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases import access
from fairlead.usecases.access import NewKey
from fairlead.usecases.context import Context
from fairlead.usecases.roles import require_all_of


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person gives of a credential; `account` is a service account's name."""

    account: str
    issuer: str
    audience: str
    subject: str
    claims: Mapping[str, str] = field(default_factory=dict)
    lasts_s: int = LONGEST_S


@dataclass(frozen=True, slots=True)
class CredentialView:
    """A credential with its service account's name."""

    credential: FederatedCredential
    account: str


def page(
    context: Context, actor: Actor, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[CredentialView]:
    """By name."""
    actor.require(Permission.USER_EDIT)
    with context.database.reading() as connection:
        part = rows.page(connection, search=search, after=after, limit=limit)
        return Page(tuple(_views(connection, part.items)), part.after)


def get(context: Context, actor: Actor, name: str) -> CredentialView:
    """By name; NotFound `credential.unknown`."""
    actor.require(Permission.USER_EDIT)
    with context.database.reading() as connection:
        return _views(connection, [rows.by_name(connection, name)])[0]


def put(context: Context, actor: Actor, name: str, draft: Draft, *, revision: int | None = None) -> CredentialView:
    """Such tokens stand for the service account from now on; with `revision` only if nobody changed it since, else
    Conflict `edit.conflict` (0: `credential.exists`). Nobody opens a service account that may more than they may."""
    actor.require(Permission.USER_EDIT)
    names.require("federated credential", names.SERVICE, name)
    with context.database.transaction() as connection:
        held = rows.find_by_name(connection, name)
        if revision == 0 and held is not None:
            raise Conflict("credential.exists", f"{name} exists already", thing=name)
        if revision is not None and revision != (held.revision if held else 0):
            raise Conflict("edit.conflict", f"{name} was changed by somebody else since it was read", thing=name)
        account = _service_account(connection, actor, draft.account)
        blank = held or FederatedCredential(
            context.ids.new("fed"), name, account.id, draft.issuer, draft.audience, draft.subject, context.clock.now()
        )
        wanted = replace(
            blank,
            account=account.id,
            issuer=draft.issuer.strip(),
            audience=draft.audience.strip(),
            subject=draft.subject.strip(),
            claims=dict(sorted(draft.claims.items())),
            lasts_s=draft.lasts_s,
        )
        federated_credential.check(wanted)
        if held is None:
            rows.insert(connection, wanted)
        else:
            wanted = rows.update(connection, wanted)
        what = f"{'changed' if held else 'added'} the federated credential {name} of {account.name}"
        context.note(connection, actor, "federated_credential.set", what, thing=wanted.id, before=held, after=wanted)
        return CredentialView(wanted, account.name)


def remove(context: Context, actor: Actor, name: str) -> None:
    """Such tokens stand for nobody any more; keys that they were exchanged for end within the hour."""
    actor.require(Permission.USER_EDIT)
    with context.database.transaction() as connection:
        held = rows.by_name(connection, name)
        rows.delete(connection, held.id)
        what = f"removed the federated credential {name}"
        context.note(connection, actor, "federated_credential.removed", what, thing=held.id, before=held)


async def exchange(context: Context, issuers: Issuers, token: str, *, account: str = "", address: str) -> NewKey:
    """A key for a while of the service account that the token stands for; `account` names it where there are several.
    Every refusal is in the audit, and counts as a failed try of the address."""
    try:
        held = await context.database.run(lambda: _candidates(context, issuers, token, account, address))
        claims = await issuers.proved(held[0].credential.issuer, token)
        return await context.database.run(lambda: _exchanged(context, held, claims, address))
    except FairleadError as error:
        refused = error
        await context.database.run(lambda: _note_refused(context, refused, address))
        raise


def _candidates(context: Context, issuers: Issuers, token: str, account: str, address: str) -> list[CredentialView]:
    with context.database.reading() as connection:
        access.throttle_address(context, connection, address)
        issuer = issuers.named_in(token)
        found = _views(connection, rows.of_issuer(connection, issuer))
    mine = [one for one in found if account in ("", one.account)]
    if not mine:
        whose = f" for {account[:64]}" if account else ""
        raise _untrusted(f"its issuer {issuer[:200]!r} is not trusted{whose}")
    return mine


def _exchanged(context: Context, held: list[CredentialView], claims: Mapping[str, Json], address: str) -> NewKey:
    subject = id_token.check_bearer(claims, issuer=held[0].credential.issuer, now=context.clock.now())
    fitting = [one for one in held if not _why_not(one.credential, claims)]
    if not fitting:
        why = _why_not(held[0].credential, claims) if len(held) == 1 else f"it fits none of {len(held)} credentials"
        raise _untrusted(f"{why}; its subject is {subject!r}")
    if len({one.account for one in fitting}) > 1:
        raise Refused(
            "credential.several",
            f"the token stands for {', '.join(sorted({one.account for one in fitting}))}",
            hint="name the service account that is meant",
        )
    chosen = fitting[0].credential
    with context.database.transaction() as connection:
        user = users.get(connection, chosen.account)
        if not user.is_enabled:
            raise NotAllowed("identity.disabled", f"{user.name} may not come in", hint="ask an administrator")
        return access.exchange_key(
            context,
            connection,
            user,
            f"{chosen.name}: {subject}",
            lasts=timedelta(seconds=chosen.lasts_s),
            via=f"token {chosen.name}",
            address=address,
        )


def _why_not(credential: FederatedCredential, claims: Mapping[str, Json]) -> str:
    if not id_token.is_for(claims, credential.audience):
        return "it is meant for another audience"
    wrong = federated_credential.misfit(credential, claims)
    return f"{wrong} does not fit" if wrong else ""


def _untrusted(why: str) -> NotAuthenticated:
    return NotAuthenticated(
        "credential.untrusted",
        f"the token opens nothing: {why}",
        hint="an administrator looks at fairlead federated-credentials list",
    )


def _note_refused(context: Context, error: FairleadError, address: str) -> None:
    if isinstance(error, RateLimited):
        return  # it would fill the audit
    refused = replace(SYSTEM, via="token", address=address)
    with context.database.transaction() as connection:
        if isinstance(error, NotAuthenticated):
            access.record_failure(context, connection, address)
        what = f"refused to exchange a token: {error.message}"
        context.note(connection, refused, "key.exchange_refused", what, facts={"code": error.code})


def _service_account(connection: Connection, actor: Actor, name: str) -> User:
    """Of which the actor may all that it may."""
    found = users.by_name(connection, name)
    if not found.is_service:
        raise Invalid("user.person", f"{name} is a person, for whom no token stands", thing=name)
    require_all_of(connection, actor, found)
    return found


def _views(connection: Connection, found: Sequence[FederatedCredential]) -> list[CredentialView]:
    known = users.names(connection, {one.account for one in found})
    return [CredentialView(one, known[one.account]) for one in found]
