"""TLS certificates that were given; their keys are secret versions."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.certificate import Certificate
from fairlead.store.schema import instant, key, link, metadata, number, text
from fairlead.store.shelf import Page, Shelf, holding

certificates = sa.Table(
    "certificates",
    metadata,
    key(),
    text("host", unique=True),
    text("chain"),
    link("key", "secret_versions.id"),
    text("fingerprint"),
    instant("not_before"),
    instant("not_after"),
    instant("created_at"),
    text("created_by"),
    number("revision"),
    number("warned_days", nullable=True),
)

_shelf = Shelf(certificates, Certificate, unknown="certificate.unknown")
insert, get, find, update, delete = _shelf.insert, _shelf.get, _shelf.find, _shelf.update, _shelf.delete


def by_host(connection: sa.Connection, host: str) -> Certificate | None:
    """The certificate for exactly this host; None where there is none."""
    return _shelf.one(connection, certificates.c.host == host)


def page(
    connection: sa.Connection, *, search: str = "", after: str | None = None, limit: int = 50
) -> Page[Certificate]:
    """By host; `after` is the last host of the part before."""
    return _shelf.page(
        connection, *holding(certificates.c.host, search), after=after, limit=limit, by="host", newest_first=False
    )


def all_of(connection: sa.Connection) -> tuple[Certificate, ...]:
    """All, by host."""
    return _shelf.where(connection, order=certificates.c.host)


def ending(connection: sa.Connection, before: datetime) -> tuple[Certificate, ...]:
    """Those that end before then, the nearest end first."""
    c = certificates.c
    return _shelf.where(connection, c.not_after <= before, order=c.not_after)


def warned(connection: sa.Connection, id: str, days: int) -> None:
    """So many days before its end it was told."""
    _shelf.change(connection, id, warned_days=days)
