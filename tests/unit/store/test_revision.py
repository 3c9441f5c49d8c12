"""The light look at the revision agrees with the migrations themselves."""

from __future__ import annotations

from pathlib import Path

from fairlead.store import migrate, revision
from fairlead.store.database import Database, sqlite_url


def test_the_newest_revision_by_name_is_the_migrations_head() -> None:
    assert revision.newest() == migrate.newest_revision()


def test_a_database_is_at_the_newest_revision_once_it_was_migrated(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "fairlead.db"))
    try:
        assert not revision.is_newest(database)
        migrate.upgrade(database)
        assert revision.is_newest(database)
    finally:
        database.close()
