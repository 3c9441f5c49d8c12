"""Empty books, and books with a project and its first release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from tests.databases import emptied, migrated_postgres
from tests.unit.usecases.house import ADMIN, House

from fairlead.store import passwords
from fairlead.usecases import variables

__all__ = ["migrated_postgres"]


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real algorithm with the smallest parameters: dozens of log-ins in a second."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: quick)


@pytest.fixture
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """On SQLite; on PostgreSQL, too, for the tests of a module marked so (`tests.databases.ON_BOTH`)."""
    is_postgres = getattr(request, "param", "sqlite") == "postgres"
    made = House(tmp_path, emptied(request.getfixturevalue("migrated_postgres")) if is_postgres else "")
    yield made
    made.close()


@pytest.fixture
def books(house: House) -> House:
    """A project with its variable; no release yet."""
    house.add_project()
    variables.put(house.context, ADMIN, "books", "Db.Host", "db")
    return house
