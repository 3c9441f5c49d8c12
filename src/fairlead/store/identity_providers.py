"""Identity providers, the users as they know them, the teams that they put people in, and sign-ins on their way."""

from __future__ import annotations

from datetime import datetime
from string import ascii_lowercase, ascii_uppercase

import sqlalchemy as sa

from fairlead.domain.identity_provider import Identity, IdentityProvider, PendingSignIn
from fairlead.domain.ids import ActorId
from fairlead.store.schema import data, flag, instant, key, link, metadata, number, text
from fairlead.store.shelf import Page, Shelf
from fairlead.store.users import users

identity_providers = sa.Table(
    "identity_providers",
    metadata,
    key(),
    text("name", unique=True),
    text("issuer"),
    text("client_id"),
    instant("created_at"),
    link("client_secret", "secret_versions.id", nullable=True),
    text("label"),
    data("scopes"),
    text("name_claim"),
    text("groups_claim"),
    data("teams"),
    flag("makes_users"),
    flag("links_by_email"),
    text("role"),
    flag("is_enabled"),
    number("revision"),
)

identities = sa.Table(
    "identities",
    metadata,
    key(),
    link("user", "users.id", index=True),
    text("issuer"),
    text("subject"),
    instant("created_at"),
    instant("last_used_at", nullable=True),
    sa.UniqueConstraint("issuer", "subject"),
)

pending_sign_ins = sa.Table(
    "pending_sign_ins",
    metadata,
    key(),
    text("provider"),
    text("browser"),
    text("nonce"),
    text("verifier"),
    text("path"),
    text("address", index=True),
    instant("expires_at", index=True),
)

_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)

_shelf = Shelf(identity_providers, IdentityProvider, "identity.unknown", "identity.exists", noun="identity provider")
_identities = Shelf(identities, Identity, unknown="identity.nobody", exists="identity.taken")
_pending = Shelf(pending_sign_ins, PendingSignIn, unknown="identity.state")
insert, get, find, update, delete = _shelf.insert, _shelf.get, _shelf.find, _shelf.update, _shelf.delete
insert_identity, change_identity, delete_identity = _identities.insert, _identities.change, _identities.delete
find_identity, insert_pending = _identities.find, _pending.insert


def by_name(connection: sa.Connection, name: str) -> IdentityProvider:
    """By name; NotFound `identity.unknown`."""
    return _shelf.require(find_by_name(connection, name), name)


def find_by_name(connection: sa.Connection, name: str) -> IdentityProvider | None:
    """By name; None where there is none."""
    return _shelf.one_by(connection, "name", name)


def page(
    connection: sa.Connection, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[IdentityProvider]:
    """By name; `after` is the last name of the part before."""
    return _shelf.page_by_name(connection, search=search, after=after, limit=limit)


def all_of(connection: sa.Connection) -> tuple[IdentityProvider, ...]:
    """All, by name."""
    return _shelf.all(connection, "name")


# Users as issuers know them


def identity_of(connection: sa.Connection, issuer: str, subject: str) -> Identity | None:
    """Whom the issuer means; None where nobody here."""
    c = identities.c
    return _identities.one(connection, c.issuer == issuer, c.subject == subject)


def identities_of(connection: sa.Connection, user: ActorId) -> tuple[Identity, ...]:
    """As whom issuers know the user."""
    return _identities.where(connection, identities.c.user == user)


def users_with_email(connection: sa.Connection, email: str) -> tuple[ActorId, ...]:
    """People, no programs, who have this address, in whatever case. Letters beyond ASCII fit to the letter alone: some
    of them are others in small (the Kelvin sign is a k), and would make somebody's address another's."""
    c = users.c
    small = email.translate(_SMALL)
    statement = sa.select(c.id).where(sa.func.lower(c.email) == small, ~c.is_service).limit(2)
    return tuple(ActorId(id) for id in connection.execute(statement).scalars())


# Sign-ins on their way


def take_pending(connection: sa.Connection, id: str) -> PendingSignIn | None:
    """The sign-in with that state, which is used up by this; None where there is none."""
    found = _pending.find(connection, id)
    return found if found is not None and _pending.delete(connection, id) else None


def forget_pending(connection: sa.Connection, before: datetime) -> int:
    """Those whose time was over before then are gone; how many."""
    return connection.execute(sa.delete(pending_sign_ins).where(pending_sign_ins.c.expires_at <= before)).rowcount


def count_pending(connection: sa.Connection, address: str = "") -> int:
    """How many are on their way, from that address or from all."""
    return _pending.count(connection, *([pending_sign_ins.c.address == address] if address else []))
