"""What is done to the data directory without the server's help: a new password, backup and restore."""

from __future__ import annotations

from pathlib import Path

from fairlead import __version__
from fairlead.domain.errors import Refused
from fairlead.server import beside
from fairlead.server.bootstrap import MASTER_KEY
from fairlead.server.settings import Settings
from fairlead.store import backup as keeping
from fairlead.store.backup import Summary
from fairlead.store.database import Database, sqlite_url
from fairlead.store.sealing import Sealer, read_master_keys
from fairlead.store.secrets import check_master_key, has_master_key
from fairlead.usecases import access
from fairlead.usecases.access import FirstAdministrator


def reset_admin(settings: Settings, user: str) -> FirstAdministrator:
    """A new one-time password; works beside a running server."""
    require_installed(settings)
    with beside.books_only(settings) as context:
        return access.reset_administrator(context, user or settings.admin_user)


def backup(settings: Settings, to: Path) -> Summary:
    """Database and artifacts in one file; works beside a running server, of an earlier version too: its tables stay as
    they are, and no secret is opened, so that the master key need not be here."""
    require_installed(settings)
    database = Database(settings.database)
    try:
        return keeping.write(database, settings.data_dir, to, at=beside.now(), version=__version__)
    finally:
        database.close()


def restore(settings: Settings, source: Path) -> Summary:
    """A backup in place of what is there. Refused `server.second` while a server runs, `secrets.master_key` where the
    key that is here cannot open what the backup holds; without a key it has to be put back before the start."""
    is_sqlite = settings.database.startswith("sqlite")
    database = Path(settings.database.removeprefix("sqlite:///")) if is_sqlite else None
    return keeping.restore(
        source, settings.data_dir, database=database, check=lambda copy: _check_master_key(settings, copy)
    )


def require_installed(settings: Settings) -> None:
    """Refused `server.state` where no server has been: what looks after an installation makes none."""
    file = Path(settings.database.removeprefix("sqlite:///"))
    if settings.database.startswith("sqlite") and not file.exists():
        hint = "name the data directory that the server has (data_dir, --config), or start one: fairlead-server up"
        raise Refused("server.state", f"no server has been here: {file} is not there", thing=str(file), hint=hint)


def _check_master_key(settings: Settings, copy: Path) -> bool:
    given = settings.master_key.get_secret_value() if settings.master_key else ""
    keys = read_master_keys(settings.data_dir / MASTER_KEY, given=given)
    if not keys:
        return False
    sealer = Sealer(keys[0], *keys[1:])
    database = Database(sqlite_url(copy))
    try:
        with database.reading() as connection:
            if has_master_key(connection):
                check_master_key(connection, sealer)
    finally:
        database.close()
    return True
