"""The house, empty and furnished, and a browser that is signed in to it without a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.unit.server.house import House, furnish

from fairlead.server.api.doors import COOKIE


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="package")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, dict[str, str]]]:
    """One for all tests that only look."""
    made = House(tmp_path_factory.mktemp("house"))
    found = furnish(made)
    yield made, {name: str(task) for name, task in found.items()}
    made.close()


class Visit:
    """A person at the pages: follows redirects when asked, and sends forms with their token."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.client = TestClient(house.app, base_url=house.context.installation.url, raise_server_exceptions=False)
        self.client.follow_redirects = False

    def sign_in(self, user: str = "admin") -> Visit:
        """In a session of this user."""
        self.client.cookies.set(COOKIE, self.house.open_session(user))
        return self

    def sign_in_by_form(self, user: str, password: str) -> Visit:
        """As a person does."""
        page = self.client.get("/sign-in").text
        before = re.search(r'name="before" value="([^"]+)"', page)
        assert before
        answer = self.client.post("/sign-in", data={"user": user, "password": password, "before": before[1]})
        assert answer.status_code == 303, answer.text
        return self

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, f"{answer.status_code} {answer.headers.get('location')}\n{answer.text}"
        return answer.text

    def token(self, path: str = "/") -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.get(path))
        assert found
        return found[1]

    def post(self, path: str, status: int = 303, **fields: str) -> str:
        """Send a form; where it leads, or the page that came."""
        answer = self.client.post(path, data={"csrf": self.token(), **fields})
        assert answer.status_code == status, answer.text
        return answer.headers["location"] if status == 303 else answer.text


@pytest.fixture
def visit(house: House) -> Visit:
    return Visit(house)


@pytest.fixture
def looking(furnished: tuple[House, dict[str, str]]) -> Visit:
    """Signed in to the furnished house."""
    return Visit(furnished[0]).sign_in()
