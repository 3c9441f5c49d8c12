"""The page of federated credentials: none is overwritten unseen, and none is kept otherwise than it was said."""

from __future__ import annotations

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.usecases import federated_credentials, users

FIELDS = {
    "name": "books",
    "revision": "0",
    "account": "ci",
    "issuer": "https://gitlab.com",
    "audience": "https://fairlead.test",
    "subject": "project_path:org/books:**",
    "claims": "environment = production\n",
    "minutes": "10",
}


def test_one_is_kept_changed_and_removed(house: House, visit: Visit) -> None:
    users.add_service_account(house.context, ADMINISTRATOR, "ci")
    visit.sign_in()
    visit.post("/federated-credentials", **FIELDS)
    held = federated_credentials.get(house.context, ADMINISTRATOR, "books").credential
    assert (held.claims, held.lasts_s) == ({"environment": "production"}, 600)
    page = visit.get("/federated-credentials")
    assert 'name="revision" value="1"' in page and "environment = production\n</textarea>" in page
    visit.post("/federated-credentials", **{**FIELDS, "revision": "1", "minutes": "5", "claims": ""})
    held = federated_credentials.get(house.context, ADMINISTRATOR, "books").credential
    assert (held.claims, held.lasts_s) == ({}, 300)
    visit.post("/federated-credentials", **{**FIELDS, "revision": "1"})
    assert "changed by somebody else" in visit.get("/federated-credentials")
    visit.post("/federated-credentials/books/remove")
    assert "No token of others opens anything" in visit.get("/federated-credentials")


def test_another_of_the_same_name_is_not_put_in_its_place(house: House, visit: Visit) -> None:
    users.add_service_account(house.context, ADMINISTRATOR, "ci")
    visit.sign_in()
    visit.post("/federated-credentials", **FIELDS)
    visit.post("/federated-credentials", **{**FIELDS, "subject": "project_path:evil/books:**"})
    assert "books exists already" in visit.get("/federated-credentials")
    held = federated_credentials.get(house.context, ADMINISTRATOR, "books").credential
    assert held.subject == "project_path:org/books:**"


def test_minutes_that_are_none_are_not_taken_for_an_hour(house: House, visit: Visit) -> None:
    users.add_service_account(house.context, ADMINISTRATOR, "ci")
    visit.sign_in()
    for minutes in ("", "a while", "1.5", "61", "0"):
        visit.post("/federated-credentials", **{**FIELDS, "minutes": minutes})
        assert "an exchanged key lasts 1 to 60 minutes" in visit.get("/federated-credentials"), minutes
