"""Users, their API keys and sessions, and tries to log in."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.ids import ActorId
from fairlead.domain.permission import RoleName
from fairlead.domain.user import ApiKey, LoginAttempt, Session, User
from fairlead.store.rows import to_row
from fairlead.store.schema import flag, instant, key, link, metadata, number, text
from fairlead.store.shelf import Page, Shelf

users = sa.Table(
    "users",
    metadata,
    key(),
    text("name", unique=True),
    instant("created_at"),
    text("email"),
    text("role"),
    text("password"),
    flag("is_enabled"),
    flag("must_change_password"),
    flag("is_service"),
    number("revision"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    key(),
    link("user", "users.id", index=True),
    text("name"),
    text("prefix", index=True),
    text("hash", unique=True),
    instant("created_at"),
    instant("expires_at", nullable=True),
    instant("last_used_at", nullable=True),
    instant("revoked_at", nullable=True),
    number("warned_days", nullable=True),
    flag("is_exchanged"),
)

sessions = sa.Table(
    "sessions",
    metadata,
    key(),
    link("user", "users.id", index=True),
    text("hash", unique=True),
    text("csrf"),
    instant("created_at"),
    instant("expires_at"),
    text("address"),
)

login_attempts = sa.Table(
    "login_attempts",
    metadata,
    key(),
    text("user"),
    text("address"),
    instant("at"),
    flag("succeeded"),
    sa.Index("ix_login_attempts_user", "user", "at"),
    sa.Index("ix_login_attempts_address", "address", "at"),
)

_users = Shelf(users, User, unknown="user.unknown", exists="user.exists")
_keys = Shelf(api_keys, ApiKey, unknown="key.unknown")
_sessions = Shelf(sessions, Session, unknown="user.unknown")
insert, get, find, update = _users.insert, _users.get, _users.find, _users.update
insert_key, get_key, change_key = _keys.insert, _keys.get, _keys.change
insert_session, delete_session = _sessions.insert, _sessions.delete


def all_of(connection: sa.Connection) -> tuple[User, ...]:
    """All, by name."""
    return _users.where(connection, order=users.c.name)


def by_name(connection: sa.Connection, name: str) -> User:
    """By name; NotFound `user.unknown`."""
    return _users.require(find_by_name(connection, name), name)


def find_by_name(connection: sa.Connection, name: str) -> User | None:
    """By name; None where there is none."""
    return _users.one_by(connection, "name", name)


def page(
    connection: sa.Connection,
    *,
    after: str | None = None,
    limit: int = 50,
    search: str = "",
    is_service: bool | None = None,
) -> Page[User]:
    """By name; `after` is the last name of the part before. `is_service` tells programs from people."""
    conditions = [] if is_service is None else [users.c.is_service == is_service]
    return _users.page_by_name(connection, *conditions, search=search, after=after, limit=limit)


def names(connection: sa.Connection, ids: Collection[ActorId]) -> dict[ActorId, str]:
    """The names of these, by id; in one look."""
    c = users.c
    return {ActorId(id): name for id, name in connection.execute(sa.select(c.id, c.name).where(c.id.in_(ids)))}


def hash_anew(connection: sa.Connection, user: User, password: str) -> bool:
    """The same password in another hash, which is no edit; false where the user has another by now."""
    return _users.change(connection, user.id, users.c.password == user.password, password=password)


def count_administrators(connection: sa.Connection) -> int:
    """How many people may everything."""
    c = users.c
    return _users.count(connection, c.role == RoleName.ADMINISTRATOR.value, c.is_enabled, ~c.is_service)


def count(connection: sa.Connection) -> int:
    """How many there are: none means a first start."""
    return _users.count(connection)


# API keys


def key_by_hash(connection: sa.Connection, hash: str) -> ApiKey | None:
    """The key whose SHA-256 this is, revoked and expired ones too; None where there is none."""
    return _keys.one_by(connection, "hash", hash)


def keys_of(connection: sa.Connection, user: ActorId) -> tuple[ApiKey, ...]:
    """All of the user's, in the order of making."""
    return _keys.where(connection, api_keys.c.user == user)


def expiring_keys(connection: sa.Connection, before: datetime) -> tuple[ApiKey, ...]:
    """Those that work, end before then, and of whose end not all is told."""
    c = api_keys.c
    told = sa.or_(c.warned_days.is_(None), c.warned_days > 0)
    return _keys.where(connection, c.revoked_at.is_(None), c.expires_at <= before, ~c.is_exchanged, told)


def ending_keys_of_programs(connection: sa.Connection, before: datetime) -> tuple[tuple[ApiKey, User], ...]:
    """Those of service accounts that may come in, were not revoked and end before then, with their owners; the nearest
    end first."""
    c = api_keys.c
    lasting = (c.revoked_at.is_(None), ~c.is_exchanged)
    ending = _keys.where(connection, *lasting, c.expires_at <= before, order=c.expires_at)
    programs = {one.id: one for one in _users.where(connection, users.c.is_service, users.c.is_enabled)}
    return tuple((key, programs[key.user]) for key in ending if key.user in programs)


def forget_exchanged(connection: sa.Connection, before: datetime) -> int:
    """Keys that were exchanged, and ended before, are gone; how many."""
    c = api_keys.c
    return connection.execute(sa.delete(api_keys).where(c.is_exchanged, c.expires_at <= before)).rowcount


def revoke_key(connection: sa.Connection, id: str, at: datetime) -> bool:
    """The key opens nothing any more; false where it did not before."""
    return _keys.change(connection, id, api_keys.c.revoked_at.is_(None), revoked_at=at)


# Sessions


def session_by_hash(connection: sa.Connection, hash: str) -> Session | None:
    """The session whose cookie has this SHA-256, expired ones too; None where there is none."""
    return _sessions.one_by(connection, "hash", hash)


def end_sessions(connection: sa.Connection, *, user: ActorId | None = None, expired_at: datetime | None = None) -> int:
    """Sessions of the user, or those that expired before, are gone; how many."""
    conditions = [] if user is None else [sessions.c.user == user]
    conditions += [] if expired_at is None else [sessions.c.expires_at <= expired_at]
    return connection.execute(sa.delete(sessions).where(*conditions)).rowcount if conditions else 0


# Log-in


def record_attempt(connection: sa.Connection, attempt: LoginAttempt) -> None:
    """Kept."""
    connection.execute(sa.insert(login_attempts).values(**to_row(attempt)))


def failures_since(connection: sa.Connection, since: datetime, *, user: str = "", address: str = "") -> int:
    """Failed tries for this user (from anywhere) or from this address (for anyone) since then; a success for the user
    ends the count."""
    c = login_attempts.c
    who = [c.user == user] if user else [c.address == address]
    last_success = sa.select(sa.func.max(c.at)).where(*who, c.succeeded).scalar_subquery()
    statement = sa.select(sa.func.count()).where(*who, ~c.succeeded, c.at >= since)
    statement = statement.where(sa.or_(last_success.is_(None), c.at > last_success)) if user else statement
    return connection.execute(statement).scalar_one()


def forget_attempts(connection: sa.Connection, before: datetime) -> int:
    """Older ones are gone; how many."""
    return connection.execute(sa.delete(login_attempts).where(login_attempts.c.at < before)).rowcount
