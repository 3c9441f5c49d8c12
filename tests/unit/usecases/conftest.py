"""Empty books, and books with a project and its first release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from tests.unit.usecases.house import ADMIN, House

from fairlead.store import passwords
from fairlead.usecases import variables


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real algorithm with the smallest parameters: dozens of log-ins in a second."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: quick)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


@pytest.fixture
def books(house: House) -> House:
    """A project with its variable; no release yet."""
    house.add_project()
    variables.put(house.context, ADMIN, "books", "Db.Host", "db")
    return house
