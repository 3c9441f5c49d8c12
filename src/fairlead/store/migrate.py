"""Bring a database's tables up to this version of Fairlead; a server has it done by a child process."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from fairlead.domain.errors import Refused
from fairlead.store.database import Database
from fairlead.store.revision import VERSION_TABLE
from fairlead.store.tables import metadata

_ADVISORY_LOCK = 0x6661_6972  # one migrates, the other nodes wait


def upgrade(database: Database) -> None:
    """All tables are as this version needs them; nothing is done where they are. Refused `server.state` where the
    database was written by a newer version."""
    with database.transaction() as connection:
        if not database.is_sqlite:
            connection.execute(sa.text("select pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        now, newest = current_revision(connection), newest_revision()
        if now == newest:
            return
        refuse_unknown(now)
        command.upgrade(_config(connection), "head")


def current_revision(connection: sa.Connection) -> str | None:
    """What the database is at; None where it is empty."""
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def newest_revision() -> str | None:
    """What this version of Fairlead needs."""
    return _scripts().get_current_head()


def differences(connection: sa.Connection) -> list[object]:
    """How the database's tables differ from what the code thinks that they are: nothing, or a migration is missing."""
    context = MigrationContext.configure(
        connection,
        opts={
            "version_table": VERSION_TABLE,
            "compare_type": True,
            "include_name": lambda name, kind, _: kind != "table" or name in metadata.tables,
        },
    )
    return list(compare_metadata(context, metadata))


def refuse_unknown(revision: str | None) -> None:
    """Refused `server.state` where the revision is none that this version of Fairlead knows."""
    known = {script.revision for script in _scripts().walk_revisions()}
    if revision is not None and revision not in known:
        raise Refused(
            "server.state",
            f"the database is at revision {revision}, which this version of Fairlead does not know",
            hint="it was written by a newer version: install that one, or restore a backup",
        )


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).parent / "migrations"))


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
