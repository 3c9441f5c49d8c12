"""Databases with our tables, made once and emptied between tests: making tables is what takes long."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Protocol

import pytest
import sqlalchemy as sa

from fairlead.store import migrate
from fairlead.store.database import Database, sqlite_url
from fairlead.store.tables import metadata

ON_BOTH = pytest.mark.parametrize("house", ["sqlite", "postgres"], indirect=True)
"""For a module of tests of use cases (`pytestmark`): its house stands on SQLite and on PostgreSQL in turn."""


class Server(Protocol):
    """The session's PostgreSQL."""

    def url(self, database: str) -> str: ...


def new_sqlite(folder: Path) -> str:
    """The URL of a file in the folder with all tables and nothing in them."""
    path = folder / "fairlead.db"
    shutil.copyfile(_sqlite_template(), path)
    return sqlite_url(path)


@cache
def _sqlite_template() -> Path:
    path = Path(tempfile.mkdtemp(prefix="fairlead-books-")) / "fairlead.db"
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
    database = Database(sqlite_url(path))
    migrate.upgrade(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: Server) -> Iterator[str]:
    """The URL of a database with all tables; `emptied` before each use."""
    import psycopg

    name = f"store{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        database = Database(postgres_server.url(name))
        migrate.upgrade(database)
        database.close()
        yield postgres_server.url(name)
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def emptied(url: str) -> str:
    """The PostgreSQL database with nothing in its tables."""
    database = Database(url)
    with database.transaction() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))  # no foreign keys meanwhile
        for table in metadata.sorted_tables:
            connection.execute(sa.delete(table))
    database.close()
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with all tables and nothing in them, on SQLite and on PostgreSQL in turn."""
    if request.param == "postgres":
        return emptied(request.getfixturevalue("migrated_postgres"))
    return new_sqlite(tmp_path)


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    """It, opened."""
    opened = Database(store_url)
    yield opened
    opened.close()
