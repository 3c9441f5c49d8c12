"""Federated credentials: which tokens of others stand for a service account."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead.domain.federated_credential import FederatedCredential
from fairlead.store.schema import data, instant, key, link, metadata, number, text
from fairlead.store.shelf import Page, Shelf

federated_credentials = sa.Table(
    "federated_credentials",
    metadata,
    key(),
    text("name", unique=True),
    link("account", "users.id", index=True),
    text("issuer", index=True),
    text("audience"),
    text("subject"),
    instant("created_at"),
    data("claims"),
    number("lasts_s"),
    number("revision"),
)

_shelf = Shelf(
    federated_credentials,
    FederatedCredential,
    unknown="credential.unknown",
    exists="credential.exists",
    noun="federated credential",
)
insert, update, delete = _shelf.insert, _shelf.update, _shelf.delete


def by_name(connection: sa.Connection, name: str) -> FederatedCredential:
    """By name; NotFound `credential.unknown`."""
    return _shelf.require(find_by_name(connection, name), name)


def find_by_name(connection: sa.Connection, name: str) -> FederatedCredential | None:
    """By name; None where there is none."""
    return _shelf.one_by(connection, "name", name)


def page(
    connection: sa.Connection, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[FederatedCredential]:
    """By name; `after` is the last name of the part before."""
    return _shelf.page_by_name(connection, search=search, after=after, limit=limit)


def of_issuer(connection: sa.Connection, issuer: str) -> tuple[FederatedCredential, ...]:
    """Those that trust the issuer, by name."""
    c = federated_credentials.c
    return _shelf.where(connection, c.issuer == issuer, order=c.name)
