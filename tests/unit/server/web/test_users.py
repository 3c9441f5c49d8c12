"""The page of users: a one-time password is shown once, and what a person is known by can be changed."""

from __future__ import annotations

import re

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.usecases import access, users


def test_a_one_time_password_is_on_the_page_alone_and_opens_the_door(house: House, visit: Visit) -> None:
    visit.sign_in()
    page = visit.post("/users", status=200, name="ann", email="ann@example.com", role="viewer")
    password = re.search(r'<code id="password">([^<]+)</code>', page)
    assert password and "set-cookie" not in visit.client.get("/users").headers
    assert password[1] not in visit.get("/users")
    assert access.sign_in(house.context, "ann", password[1], address="").user.must_change_password
    visit.post("/users", name="ann", role="viewer")
    assert "ann exists already" in visit.get("/users")
    visit.post("/users", name="ci", role="none", is_service="yes")
    assert "Service account ci is added" in visit.get("/users")


def test_an_address_is_changed_and_taken_away(house: House, visit: Visit) -> None:
    access.add_user(house.context, ADMINISTRATOR, "ann", email="ann@example.com")
    visit.sign_in()
    assert 'name="email" value="ann@example.com"' in visit.get("/users")
    visit.post("/users/ann", role="viewer", is_enabled="yes", revision="1", email=" a@example.com ")
    assert users.get(house.context, ADMINISTRATOR, "ann").user.email == "a@example.com"
    visit.post("/users/ann", role="viewer", is_enabled="yes", revision="2", email="")
    assert users.get(house.context, ADMINISTRATOR, "ann").user.email == ""
    visit.post("/users/ann", role="viewer", is_enabled="yes", revision="3", email="no address")
    assert "is not a mail address" in visit.get("/users")
