"""Who is there: the first administrator, signing in, sessions, API keys, users."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from fairlead.domain import names
from fairlead.domain.actor import SYSTEM, Actor, ActorKind, permissions_of
from fairlead.domain.errors import FairleadError, Invalid, NotAllowed, NotAuthenticated, NotFound, RateLimited, Refused
from fairlead.domain.grant import Grant
from fairlead.domain.ids import ActorId
from fairlead.domain.permission import Permission, RoleName
from fairlead.domain.user import ApiKey, LoginAttempt, Session, User
from fairlead.store import passwords, teams, users
from fairlead.store.database import Connection
from fairlead.store.shelf import Page
from fairlead.usecases.context import Context
from fairlead.usecases.roles import require_all

KEY_PREFIX = "flk_"
LONGEST_KEY_NAME = 100
SHORTEST_PASSWORD = 10
TRIES = 5
"""Failed log-ins of a user within `WINDOW` after which the next has to wait; four times as many for an address."""
WINDOW_MINUTES = 5
WINDOW = timedelta(minutes=WINDOW_MINUTES)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; `text` is told only now."""

    key: ApiKey
    text: str
    user: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser's session; `cookie` is told only now."""

    session: Session
    cookie: str
    user: User


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody with a session: what they may, the session, and they as the books have them."""

    actor: Actor
    session: Session
    user: User


@dataclass(frozen=True, slots=True)
class FirstAdministrator:
    """`password` "" where one was given, or there was an administrator already."""

    name: str
    password: str = ""
    is_new: bool = False


def set_up(
    context: Context, *, name: str, email: str = "", password: str = "", api_key: str = ""
) -> FirstAdministrator:
    """At the first start an administrator is made, with a one-time password unless one is given; later nothing happens,
    but a given API key is made to work."""
    made = ""
    with context.database.transaction() as connection:
        if users.count(connection) == 0:
            made = "" if password else context.ids.secret(12)
            names.require("user", names.USER, name)
            user = _user(context, name, email, RoleName.ADMINISTRATOR, password or made, is_one_time=not password)
            users.insert(connection, user)
            context.note(connection, SYSTEM, "user.added", f"made the first administrator {name}", thing=user.id)
        found = users.find_by_name(connection, name)
        if api_key and found is not None and users.key_by_hash(connection, passwords.hash_token(api_key)) is None:
            users.insert_key(connection, _key(context, found, "given at the start", api_key, days=0))
    return FirstAdministrator(name, made)


def reset_administrator(context: Context, name: str) -> FirstAdministrator:
    """The administrator `name` (made where there is none) has a new one-time password; all sessions of theirs end."""
    password = context.ids.secret(12)
    with context.database.transaction() as connection:
        found = users.find_by_name(connection, name)
        fresh = _user(context, name, "", RoleName.ADMINISTRATOR, password, is_one_time=True)
        if found is None:
            names.require("user", names.USER, name)
            users.insert(connection, fresh)
        elif found.is_service:
            raise Refused("user.service", f"{name} is a service account", thing=name, hint="name a person")
        else:
            hashed = replace(
                found,
                password=fresh.password,
                role=RoleName.ADMINISTRATOR,
                is_enabled=True,
                must_change_password=True,
            )
            users.update(connection, hashed)
            users.end_sessions(connection, user=found.id)
        proof = LoginAttempt(context.ids.new("try"), name, "", context.clock.now(), succeeded=True)
        users.record_attempt(connection, proof)  # who may do this has waited long enough
        what = f"gave {name} a new one-time password" if found else f"made the administrator {name}"
        context.note(connection, SYSTEM, "user.reset", what, thing=name)
    return FirstAdministrator(name, password, is_new=found is None)


def sign_in(context: Context, name: str, password: str, *, address: str) -> SignedIn:
    """A session for a browser. NotAuthenticated `auth.wrong`, which does not tell what was wrong; RateLimited
    `auth.throttled` after too many tries."""
    user = _prove(context, name, password, address=address)
    with context.database.transaction() as connection:
        return open_session(context, connection, user, via="session", address=address)


def open_session(context: Context, connection: Connection, user: User, *, via: str, address: str) -> SignedIn:
    """A session of somebody who has been proved to be that user."""
    cookie, now = context.ids.secret(32), context.clock.now()
    session = Session(
        context.ids.new("ses"),
        user.id,
        passwords.hash_token(cookie),
        context.ids.secret(24),
        now,
        now + timedelta(hours=context.installation.session_hours),
        address,
    )
    users.end_sessions(connection, expired_at=now)
    users.insert_session(connection, session)
    context.note(connection, _actor_of(user, via, address), "user.signed_in", "signed in", thing=user.id)
    return SignedIn(session, cookie, user)


def sign_in_for_key(context: Context, name: str, password: str, *, label: str, address: str) -> NewKey:
    """An API key for a command line, by user and password."""
    user = _prove(context, name, password, address=address)
    actor = _actor_of(user, "password", address)
    return make_key(context, actor, label, days=90)


def by_cookie(context: Context, cookie: str, *, address: str) -> Visit | None:
    """Who a browser is; None where the cookie opens nothing."""
    with context.database.reading() as connection:
        session = users.session_by_hash(connection, passwords.hash_token(cookie))
        if session is None or session.expires_at <= context.clock.now():
            return None
        user = users.find(connection, session.user)
        grants = teams.grants_for(connection, session.user)
    if user is None or not user.is_enabled:
        return None
    return Visit(_actor_of(user, "session", address, grants=grants), session, user)


def by_key(context: Context, text: str, *, address: str) -> Actor | None:
    """Who a program is; None where the key opens nothing."""
    now = context.clock.now()
    with context.database.reading() as connection:
        key = users.key_by_hash(connection, passwords.hash_token(text))
        if key is None or key.revoked_at or (key.expires_at and key.expires_at <= now):
            return None
        user = users.find(connection, key.user)
        grants = teams.grants_for(connection, key.user)
    if user is None or not user.is_enabled:
        return None
    if key.last_used_at is None or now - key.last_used_at > timedelta(minutes=1):
        # who may look still may when the disk is full
        with suppress(FairleadError), context.database.transaction() as connection:
            users.change_key(connection, key.id, last_used_at=now)
    actor = _actor_of(user, f"key {key.prefix}", address, kind="key", grants=grants)
    return replace(actor, is_exchanged=True) if key.is_exchanged else actor


def actor_named(connection: Connection, name: str, *, via: str) -> Actor | None:
    """Who asked for something that goes on by itself, with what they may now; None where they may nothing any more."""
    user = users.find_by_name(connection, name)
    if user is None or not user.is_enabled:
        return None
    return _actor_of(user, via, "", grants=teams.grants_for(connection, user.id))


def sign_out(context: Context, session: Session) -> None:
    """The session opens nothing any more."""
    with context.database.transaction() as connection:
        users.delete_session(connection, session.id)
        user = users.get(connection, session.user)
        actor = _actor_of(user, "session", session.address)
        context.note(connection, actor, "user.signed_out", "signed out", thing=user.id)


def change_password(context: Context, actor: Actor, old: str, new: str) -> None:
    """The actor's own; all other sessions of theirs end."""
    if len(new) < SHORTEST_PASSWORD:
        raise Invalid("input.invalid", f"a password has at least {SHORTEST_PASSWORD} characters", thing="password")
    with context.database.reading() as connection:
        user = users.get(connection, actor.id)
        _throttle(context, connection, user.name, actor.address)
    _refuse_passwords(context, user)
    if not user.password:
        raise NotAuthenticated("auth.wrong", f"{user.name} has no password here")
    if not passwords.is_password(old, user.password):
        with context.database.transaction() as connection:
            _note_wrong(
                context, connection, user.name, actor.address, f"refused to change the password of {user.name}", user.id
            )
        raise NotAuthenticated("auth.wrong", "the old password is wrong")
    hashed = passwords.hash_password(new)
    with context.database.transaction() as connection:
        users.update(connection, replace(user, password=hashed, must_change_password=False))
        users.end_sessions(connection, user=user.id)
        context.note(connection, actor, "user.password_changed", "changed the own password", thing=user.id)


def me(context: Context, actor: Actor) -> User:
    """The actor as a user."""
    with context.database.reading() as connection:
        return users.get(connection, actor.id)


def make_key(context: Context, actor: Actor, name: str, *, days: int = 0, of: ActorId | None = None) -> NewKey:
    """An API key that may what the actor may (`of`: what that user may, for callers that asked whether the actor may
    give that); it lasts `days`, 0 until it is revoked. Its name, in one line, says what it is for."""
    if actor.is_exchanged:
        raise Refused(
            "key.exchanged",
            "a key that was exchanged for a token makes no other key",
            hint="exchange another token when it has ended",
        )
    name = name.strip()
    if not name or len(name) > LONGEST_KEY_NAME or not name.isprintable():
        told = f"say what the key is for, in one line of at most {LONGEST_KEY_NAME} letters"
        raise Invalid("input.invalid", told, thing="name")
    text = KEY_PREFIX + context.ids.secret(30)
    with context.database.transaction() as connection:
        user = users.get(connection, of or actor.id)
        key = _key(context, user, name, text, days=days)
        users.insert_key(connection, key)
        context.note(connection, actor, "key.added", _made(key, user, actor), thing=key.id, after=key)
    return NewKey(key, text, user.name)


def exchange_key(
    context: Context, connection: Connection, user: User, name: str, *, lasts: timedelta, via: str, address: str
) -> NewKey:
    """A key of a service account for a while, for who has shown a token that stands for it."""
    text = KEY_PREFIX + context.ids.secret(30)
    users.forget_exchanged(connection, context.clock.now())
    blank = _key(context, user, name[:100], text, days=0)
    key = replace(blank, expires_at=blank.created_at + lasts, is_exchanged=True)
    users.insert_key(connection, key)
    actor = _actor_of(user, via, address)
    what = f"exchanged a token for a key of {user.name} that lasts {int(lasts.total_seconds())} s"
    context.note(connection, actor, "key.exchanged", what, thing=key.id, after=key)
    return NewKey(key, text, user.name)


def keys_of(context: Context, actor: Actor) -> Sequence[ApiKey]:
    """The actor's own that work."""
    with context.database.reading() as connection:
        return tuple(key for key in users.keys_of(connection, actor.id) if key.revoked_at is None)


def revoke_key(context: Context, actor: Actor, id: str) -> None:
    """One of the actor's own (an administrator's: anyone's) opens nothing any more."""
    with context.database.transaction() as connection:
        key = users.get_key(connection, id)
        if key.user != actor.id and not actor.may(Permission.USER_EDIT):
            raise NotFound("key.unknown", f"you have no key {id[:40]!r}", thing=id[:40])
        users.revoke_key(connection, id, context.clock.now())
        context.note(connection, actor, "key.revoked", f"revoked the API key {key.name!r}", thing=id, before=key)


def page(context: Context, actor: Actor, *, search: str = "", after: str | None = None, limit: int = 50) -> Page[User]:
    """Users, by name."""
    actor.require(Permission.USER_EDIT)
    with context.database.reading() as connection:
        return users.page(connection, search=search, after=after, limit=limit)


def role_of(text: str) -> RoleName:
    """The role that somebody holds everywhere, by its name."""
    if text not in [name.value for name in RoleName]:
        raise Invalid("input.invalid", f"{text[:40]!r} is no role", hint=", ".join(RoleName), thing="role")
    return RoleName(text)


def mail_address(text: str) -> str:
    """`text` if it can be one, or is ""."""
    if text and (not text.isprintable() or " " in text or "@" not in text):
        raise Invalid("input.invalid", f"{text[:80]!r} is not a mail address", thing="email")
    return text


def add_user(context: Context, actor: Actor, name: str, *, email: str = "", role: str = "viewer") -> tuple[User, str]:
    """A user and a one-time password, which is told only now."""
    actor.require(Permission.USER_EDIT)
    names.require("user", names.USER, name)
    held = role_of(role)
    require_all(actor, permissions_of(held))
    password = context.ids.secret(12)
    user = _user(context, name, mail_address(email), held, password, is_one_time=True)
    with context.database.transaction() as connection:
        users.insert(connection, user)
        context.note(connection, actor, "user.added", f"added {name} as {role}", thing=user.id, after=user)
    return user, password


def _made(key: ApiKey, user: User, actor: Actor) -> str:
    whose = "" if user.id == actor.id else f" of {user.name}"
    until = f", until {key.expires_at:%Y-%m-%d}" if key.expires_at else ""
    return f"made the API key {key.name!r}{whose}{until}"


def _prove(context: Context, name: str, password: str, *, address: str) -> User:
    with context.database.reading() as connection:
        _throttle(context, connection, name, address)
        user = users.find_by_name(connection, name)
    is_right = passwords.is_password(password, user.password if user else "") and user is not None and user.is_enabled
    if user is None or not is_right:
        whose = user.name if user else "somebody who is not known"  # some type a password where the name belongs
        with context.database.transaction() as connection:
            _note_wrong(
                context, connection, name, address, f"refused a log-in of {whose}", thing=user.id if user else ""
            )
        raise NotAuthenticated("auth.wrong", "user or password is wrong")
    anew = passwords.hash_password(password) if passwords.is_weak(user.password) else ""
    with context.database.transaction() as connection:
        attempt = LoginAttempt(context.ids.new("try"), name[:64], address, context.clock.now(), succeeded=True)
        users.record_attempt(connection, attempt)
        if anew:
            users.hash_anew(connection, user, anew)
    _refuse_passwords(context, user)
    return user


def _note_wrong(context: Context, connection: Connection, name: str, address: str, what: str, thing: str) -> None:
    """A password that was not right: it counts, and is in the audit."""
    record_failure(context, connection, address, user=name[:64])
    refused = replace(SYSTEM, via="password", address=address)
    context.note(connection, refused, "user.sign_in_refused", what, thing=thing)


def _refuse_passwords(context: Context, user: User) -> None:
    """After a password was proved: a stranger does not learn who is an administrator."""
    if not context.installation.passwords_for_all and user.role is not RoleName.ADMINISTRATOR:
        raise NotAllowed(
            "auth.password_off",
            "only administrators sign in with a password here",
            hint="sign in by the identity provider; programs use an API key",
        )


def _throttle(context: Context, connection: Connection, name: str, address: str) -> None:
    if users.failures_since(connection, context.clock.now() - WINDOW, user=name[:64]) >= TRIES:
        raise RateLimited(
            "auth.throttled",
            "too many failed log-ins",
            hint=f"wait {WINDOW_MINUTES} minutes, or fairlead-server reset-admin on the server",
        )
    throttle_address(context, connection, address)


def throttle_address(context: Context, connection: Connection, address: str) -> None:
    """RateLimited `auth.throttled` where too many tries from there failed."""
    if users.failures_since(connection, context.clock.now() - WINDOW, address=address) >= 4 * TRIES:
        raise RateLimited(
            "auth.throttled",
            "too many failed log-ins from this address",
            hint=f"wait {WINDOW_MINUTES} minutes, or come from another; behind a proxy the setting trusted_proxies "
            "tells people apart",
        )


def record_failure(context: Context, connection: Connection, address: str, *, user: str = "") -> None:
    """A try from there failed; without `user` of nobody in particular."""
    users.record_attempt(connection, LoginAttempt(context.ids.new("try"), user, address, context.clock.now()))


def _user(context: Context, name: str, email: str, role: RoleName, password: str, *, is_one_time: bool) -> User:
    return User(
        ActorId(context.ids.new("usr")),
        name,
        context.clock.now(),
        email=email,
        role=role,
        password=passwords.hash_password(password),
        must_change_password=is_one_time,
    )


def _key(context: Context, user: User, name: str, text: str, *, days: int) -> ApiKey:
    now = context.clock.now()
    expires = now + timedelta(days=days) if days else None
    return ApiKey(context.ids.new("key"), user.id, name, text[:8], passwords.hash_token(text), now, expires)


def _actor_of(user: User, via: str, address: str, *, kind: ActorKind = "user", grants: tuple[Grant, ...] = ()) -> Actor:
    everywhere = [grant.permissions for grant in grants if not grant.is_scoped]
    permissions = permissions_of(user.role).union(*everywhere)
    scoped = tuple(grant for grant in grants if grant.is_scoped)
    return Actor(user.id, user.name, kind, permissions, via=via, address=address, grants=scoped)
