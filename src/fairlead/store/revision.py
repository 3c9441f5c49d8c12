"""Whether a database is at the newest revision, asked without loading what migrations need."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from fairlead.store.database import Database

VERSION_TABLE = "fairlead_version"
VERSIONS = Path(__file__).parent / "migrations" / "versions"


def is_newest(database: Database) -> bool:
    """Whether there is nothing to migrate."""
    with database.reading() as connection:
        if not sa.inspect(connection).has_table(VERSION_TABLE):
            return False
        held = connection.execute(sa.text(f"select version_num from {VERSION_TABLE}")).scalars().all()
    return held == [newest()]


def newest() -> str:
    """The newest revision: the files' names begin with it, and sort by it."""
    return max(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py"))
