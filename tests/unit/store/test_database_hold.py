"""One server for each database: a second one is refused by the name of the first, and gets it when that one is gone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from fairlead.domain.errors import Refused
from fairlead.store.database import Database
from fairlead.store.database_hold import DatabaseHold


@pytest.fixture
def other(store_url: str) -> Iterator[Database]:
    """The same database, as another process has it."""
    opened = Database(store_url)
    yield opened
    opened.close()


def test_a_second_holder_is_refused_by_the_name_of_the_first(database: Database, other: Database) -> None:
    first = DatabaseHold(database, "the first server, on a machine")
    with pytest.raises(Refused) as raised:
        DatabaseHold(other, "the second")
    assert raised.value.code == "server.second"
    assert "the first server, on a machine" in raised.value.message
    first.release()
    first.release()
    second = DatabaseHold(other, "the second")
    with pytest.raises(Refused, match="the second"):
        DatabaseHold(database, "the first")
    second.release()


def test_what_is_held_is_kept(database: Database, other: Database) -> None:
    first = DatabaseHold(database, "the first")
    for _ in range(3):
        first.keep()
    with pytest.raises(Refused):
        DatabaseHold(other, "the second")
    first.release()


def end_its_session(database: Database, name: str) -> None:
    with database.transaction() as connection:
        told = connection.execute(
            sa.text(
                "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE application_name = :name"
            ),
            {"name": name},
        )
        assert told.scalar() == 1


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_a_session_that_was_lost_is_made_anew(database: Database, other: Database) -> None:
    first = DatabaseHold(database, "the first")
    end_its_session(other, "the first")
    first.keep()
    with pytest.raises(Refused, match="the first"):
        DatabaseHold(other, "the second")
    first.release()


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_who_lost_it_to_another_is_told(database: Database, other: Database) -> None:
    first = DatabaseHold(database, "the first")
    end_its_session(other, "the first")
    second = DatabaseHold(other, "the second")
    with pytest.raises(Refused, match="the second"):
        first.keep()
    first.release()
    second.release()
