"""The database: all or nothing, its own words, and migrations that give what the code expects."""

from __future__ import annotations

import subprocess
import sys
import threading
import uuid
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from fairlead.domain.errors import FairleadError, Invalid, Refused, Unreachable
from fairlead.store import counters, leases, migrate, settings
from fairlead.store.database import Database, sqlite_url
from fairlead.store.tables import metadata


def test_migrations_and_code_agree_on_every_table(tmp_path: Path, postgres_url: str) -> None:
    for url in (sqlite_url(tmp_path / "new.db"), postgres_url):
        database = Database(url)
        migrate.upgrade(database)
        migrate.upgrade(database)
        with database.reading() as connection:
            assert migrate.current_revision(connection) == migrate.newest_revision()
            assert migrate.differences(connection) == []
            assert set(metadata.tables) < set(sa.inspect(connection).get_table_names())
        database.close()


def test_a_database_of_a_newer_version_is_refused_and_not_touched(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(sa.text("update fairlead_version set version_num = '9999'"))
    with pytest.raises(Refused, match="9999") as raised:
        migrate.upgrade(database)
    assert raised.value.code == "server.state"
    with database.transaction() as connection:
        assert migrate.current_revision(connection) == "9999"
        connection.execute(
            sa.text("update fairlead_version set version_num = :now"), {"now": migrate.newest_revision()}
        )


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction() as connection:
        settings.put(connection, "some", 1)
        raise ZeroDivisionError
    with database.reading() as connection:
        assert settings.value(connection, "some") is None


def test_what_is_tried_is_told_and_leaves_nothing(database: Database) -> None:
    def look(connection: sa.Connection) -> object:
        settings.put(connection, "some", 1)
        return settings.value(connection, "some")

    assert database.tried(look) == 1
    with database.reading() as connection:
        assert settings.value(connection, "some") is None


def test_who_counts_at_the_same_time_gets_each_number_once(database: Database) -> None:
    numbers: list[int] = []

    def count() -> None:
        for _ in range(10):
            with database.transaction(is_durable=True) as connection:
                numbers.append(counters.next_of(connection, "tickets"))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 41))


def test_readers_are_not_held_up_by_a_writer(database: Database) -> None:
    with database.transaction() as writer:
        settings.put(writer, "some", 1)
        with database.reading() as reader:
            assert settings.value(reader, "some") is None
    with database.reading() as reader:
        assert settings.value(reader, "some") == 1


def test_a_program_beside_the_server_leaves_the_log_that_the_server_writes(tmp_path: Path) -> None:
    """Where a process has no lock on the file any more, the next one that closes it takes its log away."""
    file = tmp_path / "held.db"
    held = Database(sqlite_url(file))
    migrate.upgrade(held)
    with held.reading(), held.reading():  # the second is a connection of its own
        beside = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM users'); c.close()"
        subprocess.run([sys.executable, "-c", beside, file], check=True)
    assert (tmp_path / "held.db-wal").exists()
    held.close()


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(sa.exc.StatementError, match="without a zone"), database.transaction() as connection:
        connection.execute(sa.insert(leases.leases).values(node="n", until=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_a_commit_that_must_outlive_a_power_loss_is_synchronous_and_the_next_is_not(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "new.db"))
    for is_durable, level in ((True, 2), (False, 1), (True, 2)):
        with database.transaction(is_durable=is_durable) as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == level
    with database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    database.close()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("sqlite:////nowhere/at/all/fairlead.db", "store.unreachable"),
        ("postgresql://ann:secret@127.0.0.1:1/books", "store.unreachable"),
        ("mysql://localhost/books", "server.settings"),
        ("no url", "server.settings"),
        ("postgresql://ann:secret@localhost:nowhere/books", "server.settings"),
        ("postgresql+asyncpg://ann:secret@localhost/books", "server.settings"),
        ("sqlite:///:memory:", "server.settings"),
        ("sqlite://", "server.settings"),
    ],
)
def test_a_database_that_cannot_be_reached_is_told_without_its_password(url: str, code: str) -> None:
    with pytest.raises((Unreachable, Invalid)) as raised:
        Database(url).check()
    error = raised.value
    assert isinstance(error, FairleadError)
    assert error.code == code
    assert "secret" not in f"{error} {error.thing}"


@pytest.mark.parametrize("asked", ["SELECT lost FROM tasks", "SELECT id FROM lost"])
def test_tables_of_another_version_are_told_as_such_and_not_as_silence(tmp_path: Path, asked: str) -> None:
    opened = Database(sqlite_url(tmp_path / "other.db"))
    migrate.upgrade(opened)
    with pytest.raises(Refused, match="tables are not as this version") as refused, opened.reading() as connection:
        connection.exec_driver_sql(asked)
    assert refused.value.code == "server.state"
    opened.close()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "fairlead.db"
    path.write_text("not a database, whatever its name says; " * 100)
    database = Database(sqlite_url(path))
    for ask in (lambda: migrate.upgrade(database), database.check):
        with pytest.raises(Refused, match="not a database") as raised:
            ask()
        assert raised.value.code == "server.state"
    database.close()


def test_a_postgresql_of_other_letters_or_of_another_owner_is_refused_in_words(postgres_url: str) -> None:
    name, user = f"x{uuid.uuid4().hex}", f"u{uuid.uuid4().hex}"
    address = sa.make_url(postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        connection.execute(f"CREATE USER {user} PASSWORD 'secret'")
        try:
            other = address.set(database=name).render_as_string(hide_password=False)
            less = address.set(username=user, password="secret").render_as_string(hide_password=False)
            for url, words, ask in (
                (other, "LATIN1", Database.check),
                (less, "permission denied to create a schema", Database.check),
                (less, "permission denied for schema", migrate.upgrade),
            ):
                database = Database(url)
                with pytest.raises(Refused, match=words) as raised:
                    ask(database)
                assert raised.value.code == "server.state" and raised.value.hint
                assert "secret" not in f"{raised.value} {raised.value.thing}"
                database.close()
        finally:
            connection.execute(f"DROP DATABASE {name}")
            connection.execute(f"DROP USER {user}")


async def test_asynchronous_code_waits_in_a_thread(database: Database) -> None:
    await database.write(lambda connection: settings.put(connection, "some", {"a": [1, None]}))
    assert await database.read(lambda connection: settings.value(connection, "some")) == {"a": [1, None]}
