"""Signing in by an identity provider: OpenID Connect's authorization code flow with PKCE (RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlencode

from fairlead.domain import id_token, identity_provider
from fairlead.domain.actor import SYSTEM
from fairlead.domain.errors import (
    Conflict,
    FairleadError,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    RateLimited,
    Refused,
)
from fairlead.domain.identity_provider import Identity, IdentityProvider, PendingSignIn
from fairlead.domain.ids import ActorId
from fairlead.domain.record import Json
from fairlead.domain.user import User
from fairlead.ports.issuers import Client, Grant, Issuers
from fairlead.store import identity_providers as rows
from fairlead.store import passwords, teams, users
from fairlead.store.database import Connection
from fairlead.usecases import access
from fairlead.usecases.access import SignedIn
from fairlead.usecases.context import Context
from fairlead.usecases.identity_providers import redirect_of

LASTS = timedelta(minutes=10)
"""How long a person may take at the provider."""
MOST_FROM_ADDRESS = 50
MOST_PENDING = 10_000
"""Sign-ins on their way are rows that anybody can make: they are bounded, and gone after `LASTS`."""
LONGEST_CODE = 4096


@dataclass(frozen=True, slots=True)
class Choice:
    """A provider as the sign-in page offers it."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class CameBack:
    """What the browser brings back from the provider: `browser` is the cookie that it was sent off with; `issuer` what
    the answer says of itself (RFC 9207), "" where it says nothing."""

    provider: str
    state: str
    browser: str
    code: str = ""
    error: str = ""
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody who is signed in, and where they wanted to go."""

    signed: SignedIn
    path: str


def choices(context: Context) -> tuple[Choice, ...]:
    """The providers that people may sign in by, by name."""
    with context.database.reading() as connection:
        return tuple(Choice(one.name, one.title) for one in rows.all_of(connection) if one.is_enabled)


async def begin(context: Context, issuers: Issuers, name: str, *, browser: str, path: str, address: str) -> str:
    """The address at the provider that the browser goes to; `browser` is the cookie that it has to bring back. NotFound
    `identity.unknown`, Conflict `identity.off`, RateLimited `auth.throttled`, and what `Issuers` says."""
    provider = await context.database.run(lambda: _provider(context, name, address))
    where = await issuers.endpoints(provider.issuer)
    state, nonce, verifier = context.ids.secret(32), context.ids.secret(32), context.ids.secret(48)
    pending = PendingSignIn(
        passwords.hash_token(state),
        provider.id,
        passwords.hash_token(browser),
        nonce,
        verifier,
        path,
        address,
        context.clock.now() + LASTS,
    )
    await context.database.write(lambda connection: _remember(context, connection, pending))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_of(context, provider.name),
        "scope": " ".join(provider.scopes),
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{where.authorization}{'&' if '?' in where.authorization else '?'}{urlencode(asked)}"


async def finish(context: Context, issuers: Issuers, back: CameBack, *, address: str) -> Arrived:
    """The person is signed in. A state is good once, and for the browser that it was given to. Every refusal is in the
    audit; those that a stranger can cause count as failed tries of the address."""
    try:
        provider = await context.database.run(lambda: _provider(context, back.provider, address))
        pending = await context.database.write(lambda connection: _taken(context, connection, provider, back))
        claims = await _proved(context, issuers, provider, pending, back)
        signed = await context.database.run(lambda: _signed_in(context, provider, claims, address))
    except FairleadError as error:
        refused = error
        await context.database.run(lambda: _note_refused(context, back.provider, refused, address))
        raise
    return Arrived(signed, pending.path)


def _provider(context: Context, name: str, address: str) -> IdentityProvider:
    with context.database.reading() as connection:
        access.throttle_address(context, connection, address)
        found = rows.by_name(connection, name)
    if not found.is_enabled:
        raise Conflict("identity.off", f"nobody signs in by {found.title} now", thing=found.name)
    return found


def _remember(context: Context, connection: Connection, pending: PendingSignIn) -> None:
    rows.forget_pending(connection, context.clock.now())
    is_full = rows.count_pending(connection) >= MOST_PENDING
    if is_full or rows.count_pending(connection, pending.address) >= MOST_FROM_ADDRESS:
        raise RateLimited(
            "auth.throttled", "too many sign-ins were begun and not ended", hint="try again in 10 minutes"
        )
    rows.insert_pending(connection, pending)


def _taken(context: Context, connection: Connection, provider: IdentityProvider, back: CameBack) -> PendingSignIn:
    found = rows.take_pending(connection, passwords.hash_token(back.state))
    is_ours = (
        found is not None
        and found.provider == provider.id
        and found.expires_at > context.clock.now()
        and hmac.compare_digest(found.browser, passwords.hash_token(back.browser))
    )
    if found is None or not is_ours:
        raise NotAuthenticated(
            "identity.state",
            "the sign-in was begun in another browser, took too long, or was ended before",
            hint=f"begin again at {context.installation.url}",  # under another name the browser has no cookie of ours
        )
    return found


async def _proved(
    context: Context, issuers: Issuers, provider: IdentityProvider, pending: PendingSignIn, back: CameBack
) -> Mapping[str, Json]:
    """The claims of the token that the code is good for, every one of them that matters checked."""
    if back.issuer and back.issuer != provider.issuer:
        raise NotAuthenticated("identity.refused", f"the answer is not of {provider.title}", hint="begin again")
    if back.error or not back.code or len(back.code) > LONGEST_CODE:
        code = back.error if back.error.isascii() and back.error.isprintable() and len(back.error) <= 60 else ""
        said = f"the identity provider {provider.title} let nobody in: {code or 'it gave no code'}"
        raise NotAuthenticated("identity.refused", said, hint="begin again")
    what = f"sign people in by {provider.name}"
    secret = await context.database.run(lambda: context.use(provider.client_secret, what, thing=provider.id))
    grant = Grant(back.code, redirect_of(context, provider.name), pending.verifier)
    token = await issuers.redeem(provider.issuer, Client(provider.client_id, secret), grant)
    claims = await issuers.proved(provider.issuer, token)
    id_token.check(claims, issuer=provider.issuer, audience=provider.client_id, now=context.clock.now())
    id_token.check_nonce(claims, pending.nonce)
    return claims


def _signed_in(context: Context, provider: IdentityProvider, claims: Mapping[str, Json], address: str) -> SignedIn:
    with context.database.transaction() as connection:
        user = _user_of(context, connection, provider, claims)
        if user.is_service or not user.is_enabled:
            raise NotAllowed("identity.disabled", f"the user {user.name} may not come in", hint="ask an administrator")
        if user.must_change_password:  # the password was for one use, which is needed no more
            user = users.update(connection, replace(user, password="", must_change_password=False))
        _follow_groups(context, connection, provider, user, claims)
        return access.open_session(context, connection, user, via=f"sso {provider.name}", address=address)


def _user_of(context: Context, connection: Connection, provider: IdentityProvider, claims: Mapping[str, Json]) -> User:
    """Whom the subject is known as; else who has their address, or a new user, where the administrator lets so."""
    subject, now = str(claims["sub"]), context.clock.now()
    known = rows.identity_of(connection, provider.issuer, subject)
    if known is not None:
        rows.change_identity(connection, known.id, last_used_at=now)
        return users.get(connection, known.user)
    user = _by_email(connection, provider, claims) if provider.links_by_email else None
    is_linked = user is not None
    if user is None and provider.makes_users:
        user = _made(context, connection, provider, claims)
    if user is None:
        raise Refused(
            "identity.nobody",
            f"the identity provider {provider.title} knows you, and no user here is yours",
            hint="ask an administrator to let you in",
        )
    made = Identity(context.ids.new("idn"), user.id, provider.issuer, subject, now, now)
    rows.insert_identity(connection, made)
    actor = replace(SYSTEM, via=f"sso {provider.name}")
    what = f"{'linked' if is_linked else 'made'} {user.name} for who signed in by {provider.name}"
    kind = "user.linked" if is_linked else "user.added"
    context.note(connection, actor, kind, what, thing=user.id, after=made if is_linked else user)
    return user


def _by_email(connection: Connection, provider: IdentityProvider, claims: Mapping[str, Json]) -> User | None:
    email = identity_provider.verified_email(claims)
    found = rows.users_with_email(connection, email) if email else ()
    if len(found) != 1:
        return None
    if any(one.issuer == provider.issuer for one in rows.identities_of(connection, found[0])):
        raise Refused(
            "identity.taken",
            f"the user with your address signs in as somebody else at {provider.title}",
            hint="ask an administrator",
        )
    return users.get(connection, found[0])


def _made(context: Context, connection: Connection, provider: IdentityProvider, claims: Mapping[str, Json]) -> User:
    name = identity_provider.user_name(claims, provider.name_claim)
    if not name:
        raise Refused(
            "identity.nobody",
            f"the identity provider {provider.title} tells no name of yours in the claim {provider.name_claim}",
            hint="an administrator can name another claim",
        )
    if users.find_by_name(connection, name) is not None:
        raise Refused(
            "identity.taken", f"there is a user {name} already, who is not yours", hint="ask an administrator"
        )
    email = identity_provider.verified_email(claims)
    user = User(ActorId(context.ids.new("usr")), name, context.clock.now(), email=email, role=provider.role)
    users.insert(connection, user)
    return user


def _follow_groups(
    context: Context, connection: Connection, provider: IdentityProvider, user: User, claims: Mapping[str, Json]
) -> None:
    """The person is in the teams of their groups, and by this provider in no others."""
    groups = identity_provider.groups_in(claims, provider.groups_claim)
    wanted = [one.team for one in provider.teams if one.group in groups and teams.find(connection, one.team)]
    before = teams.names_of(connection, user.id)
    if not teams.put_by_groups(connection, provider.id, user.id, wanted):
        return
    after = teams.names_of(connection, user.id)
    actor = replace(SYSTEM, via=f"sso {provider.name}")
    context.note(
        connection,
        actor,
        "user.teams_changed",
        f"the groups of {user.name} at {provider.name} are others than before",
        thing=user.id,
        before={"teams": list(before)},
        after={"teams": list(after)},
    )


def _note_refused(context: Context, name: str, error: FairleadError, address: str) -> None:
    if isinstance(error, RateLimited | NotFound):
        return  # the one would fill the audit, the other names nothing that there is
    refused = replace(SYSTEM, via=f"sso {name[:40]}", address=address)
    with context.database.transaction() as connection:
        if isinstance(error, NotAuthenticated):
            access.record_failure(context, connection, address)
        what = f"refused a sign-in by {name[:40]}: {error.message}"
        context.note(connection, refused, "user.sign_in_refused", what, facts={"code": error.code})
