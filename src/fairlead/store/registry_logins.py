"""Credentials for registries that images are pulled from: private base images, images that others have built."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.ids import SecretVersionId
from fairlead.store.rows import nouns, to_row, upsert
from fairlead.store.schema import instant, key, link, metadata, text


@dataclass(frozen=True, slots=True)
class RegistryLoginRow:
    """`registry` is what image references begin with: ``host[:port]``, ``docker.io`` for the one without a host."""

    registry: str
    user: str
    password: SecretVersionId
    created_at: datetime
    created_by: str = ""


registry_logins = sa.Table(
    "registry_logins",
    metadata,
    key("registry"),
    text("user"),
    link("password", "secret_versions.id"),
    instant("created_at"),
    text("created_by"),
)


def put(connection: sa.Connection, login: RegistryLoginRow) -> None:
    """Keep these credentials of the registry."""
    upsert(connection, registry_logins, to_row(login))


def all_of(connection: sa.Connection) -> tuple[RegistryLoginRow, ...]:
    """All, by registry."""
    found = connection.execute(sa.select(registry_logins).order_by(registry_logins.c.registry))
    return tuple(nouns(RegistryLoginRow, found))


def delete(connection: sa.Connection, registry: str) -> bool:
    """Not logged in to any more; whether it was."""
    return connection.execute(sa.delete(registry_logins).where(registry_logins.c.registry == registry)).rowcount == 1
