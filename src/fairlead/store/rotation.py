"""The exchange of the master key in the database: which one is in use, and secrets sealed anew, a batch at a time."""

from __future__ import annotations

import sqlalchemy as sa

from fairlead.store import secret_versions, settings
from fairlead.store.sealing import Sealer
from fairlead.store.secrets import check_master_key

BATCH = 100
"""Few enough that a writer on SQLite waits some milliseconds."""


def turn(connection: sa.Connection, sealer: Sealer, check_value: str) -> None:
    """New secrets are sealed with the key of that check value from the end of this transaction on, whoever makes them;
    none that is being made meanwhile is sealed with the other. Twice is once."""
    check_master_key(connection, sealer)
    settings.put(connection, settings.MASTER_KEY_CHECK, check_value)
    sealer.use(check_value)
    settings.put(connection, settings.HASH_KEY, [sealer.sealed_hash_key().hex(), sealer.key_id])


def seal_some_anew(connection: sa.Connection, sealer: Sealer, *, most: int = BATCH) -> int:
    """Up to so many secrets that are sealed with another key are sealed with the one in use; how many."""
    found = secret_versions.sealed_otherwise(connection, sealer.key_id, most=most)
    for id, (sealed, key) in found.items():
        anew = sealer.seal(id, sealer.open(id, sealed, key=key))
        secret_versions.seal_anew(connection, id, anew, sealer.key_id)
    return len(found)
