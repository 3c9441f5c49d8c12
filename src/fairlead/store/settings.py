"""Small facts of the installation itself: its id, the check value of the master key."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead.domain.record import Json
from fairlead.store.rows import insert_ignoring, upsert
from fairlead.store.schema import data, key, metadata

settings = sa.Table("settings", metadata, key("name"), data("value", nullable=True))

INSTALLATION = "installation"
MASTER_KEY_CHECK = "master_key.check"
HASH_KEY = "master_key.hash_key"
"""What keyed hashes are made with, sealed: it stays when the master key is exchanged."""


_value = sa.select(settings.c.value).where(settings.c.name == sa.bindparam("name"))


def value(connection: sa.Connection, name: str) -> Json:
    """What is kept under the name; None where nothing is."""
    found: Json = connection.execute(_value, {"name": name}).scalar()
    return found


def value_held(connection: sa.Connection, name: str) -> Json:
    """As `value`; nobody changes it before this transaction ends."""
    found: Json = connection.execute(_value.with_for_update(read=True), {"name": name}).scalar()
    return found


def put(connection: sa.Connection, name: str, held: Json) -> None:
    """Kept under the name, whatever was there."""
    upsert(connection, settings, {"name": name, "value": held})


def value_or(connection: sa.Connection, name: str, first: Json) -> Json:
    """What is kept under the name, which is `first` where nothing was."""
    insert_ignoring(connection, settings, {"name": name, "value": first})
    return value(connection, name)


def installation_id(connection: sa.Connection, fresh: str) -> str:
    """The id of this installation, made once: what labels and backups carry."""
    return str(value_or(connection, INSTALLATION, fresh))
