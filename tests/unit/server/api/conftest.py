"""The whole application over the books of a house, and a caller with a key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from tests.unit.server.house import House

from fairlead.server.app import create
from fairlead.usecases import access

KEY = "flk_a-key-for-tests"


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    """Signed in as an administrator; errors of the application come out as answers."""
    access.set_up(house.context, name="admin", api_key=KEY)
    app = create(house.life)
    with TestClient(app, raise_server_exceptions=False, headers={"Authorization": f"Bearer {KEY}"}) as made:
        yield made


@pytest.fixture
def stranger(house: House) -> Iterator[TestClient]:
    """Nobody."""
    with TestClient(create(house.life), raise_server_exceptions=False) as made:
        yield made
