"""`fairlead-server rotate-key`: another master key, while the server serves; killed in the middle, it is taken up."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fairlead.domain.actor import SYSTEM
from fairlead.domain.errors import Refused
from fairlead.server.beside import books_only
from fairlead.server.bootstrap import MASTER_KEY
from fairlead.server.offline import require_installed
from fairlead.server.settings import Settings
from fairlead.store import rotation
from fairlead.store.sealing import MasterKey, Sealer, next_path, read_master_key, read_master_keys
from fairlead.usecases.context import Context

Told = Callable[[int], None]


def prepare(settings: Settings) -> Path:
    """The file of the next key, made where there is none; nothing uses it yet. Where the key that is here is not the
    database's, nothing is made: that is said first."""
    if settings.master_key:
        raise Refused(
            "secrets.rotation",
            "the master key is given by a setting, which a running server does not read again",
            thing="master key",
            hint="put it into master.key in the data directory (mode 600), take the setting away, restart; then rotate",
        )
    require_installed(settings)
    path = next_path(settings.data_dir / MASTER_KEY)
    if not path.exists():
        with books_only(settings):
            pass
    read_master_key(path, may_create=True)
    return path


def rotate(settings: Settings, *, told: Told = lambda _: None) -> int:
    """The next key is in use, every secret is sealed with it, and the old one is gone; how many secrets were sealed
    anew. At each step what there is can be opened by the two keys that are here, so that a running server goes on: it
    looks for the next key where it meets a secret of it. `told` hears of each batch."""
    following, path = prepare(settings), settings.data_dir / MASTER_KEY
    check_value = MasterKey(read_master_key(following, may_create=False)).check_value
    sealed = 0
    with books_only(settings) as context:
        keys = read_master_keys(path)
        sealer = Sealer(keys[0], *keys[1:])
        with context.database.transaction(is_durable=True) as connection:
            rotation.turn(connection, sealer, check_value)
        while some := _batch(context, sealer):
            sealed += some
            told(sealed)
        _note(context, sealed, sealer.key_id)
        following.replace(path)
        _sync(path.parent)
    return sealed


def _batch(context: Context, sealer: Sealer) -> int:
    with context.database.transaction(is_durable=True) as connection:
        return rotation.seal_some_anew(connection, sealer)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _note(context: Context, sealed: int, key: str) -> None:
    by = replace(SYSTEM, via="fairlead-server rotate-key")
    with context.database.transaction() as connection:
        message = f"exchanged the master key: {sealed} secrets are sealed with the key {key}"
        context.note(connection, by, "master_key.rotated", message, thing=key)
