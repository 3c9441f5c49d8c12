"""Who asks for what they may not have is told so by every route, and the audit keeps it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.event import Event
from fairlead.server.app import create, described
from fairlead.server.openapi import OPEN
from fairlead.store import events
from fairlead.usecases import users

DOCUMENT = described()
OWN = {"/api/v1/me", "/api/v1/keys", "/api/v1/keys/{id}"}
"""What is one's own needs no permission."""
LOOKED_UP_FIRST = {"/api/v1/notifications/{id}"}
"""Which permission is needed depends on whose it is."""
ROUTES = [
    (method.upper(), path)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    if not path.startswith(OPEN)
    and path not in OWN | LOOKED_UP_FIRST
    and not operation.get("requestBody", {}).get("required")
    and not any(one.get("required") and one["in"] == "query" for one in operation.get("parameters", ()))
]


@pytest.fixture
def powerless(house: House) -> Iterator[TestClient]:
    """A service account without any role."""
    users.add_service_account(house.context, ADMINISTRATOR, "robot")
    key = users.add_service_key(house.context, ADMINISTRATOR, "robot", "tests").text
    headers = {"Authorization": f"Bearer {key}", "X-Forwarded-For": "192.0.2.66"}
    with TestClient(create(house.life), raise_server_exceptions=False, headers=headers) as made:
        yield made


def refusals(house: House) -> list[Event]:
    with house.context.database.reading() as connection:
        return list(events.page(connection, *events.fitting(kind="act.refused"), limit=500).items)


def test_there_are_routes() -> None:
    assert len(ROUTES) > 60


def test_every_route_refuses_who_may_nothing_and_each_refusal_is_kept(house: House, powerless: TestClient) -> None:
    wrong = []
    for method, path in ROUTES:
        address = path
        for part in ("project", "environment", "version", "id", "name", "service", "host", "channel", "registry"):
            address = address.replace(f"{{{part}}}", "x")
        address = (
            address.replace("{number}", "1")
            .replace("{release}", "x")
            .replace("{library_set}", "x")
            .replace("{set}", "x")
        )
        before = len(refusals(house))
        answer = powerless.request(method, address)
        kept = refusals(house)[: len(refusals(house)) - before]
        is_right = answer.status_code == 403 and answer.json()["code"] == "permission.denied" and len(kept) == 1
        if not is_right or f"{method} {address}" not in kept[0].message:
            wrong.append(f"{method} {address}: {answer.status_code}, {len(kept)} kept")
    assert wrong == []


def test_a_refusal_says_who_by_which_key_and_what_lacks(house: House, powerless: TestClient) -> None:
    powerless.delete("/api/v1/environments/Test")
    [event] = refusals(house)
    assert (event.actor, event.thing) == ("robot", "environment.edit")
    assert event.via.startswith("key flk_")
    assert event.facts == {"code": "permission.denied"}


def test_a_refusal_is_told_even_where_it_cannot_be_kept(
    house: House, powerless: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fairlead.domain.errors import Refused
    from fairlead.usecases import audit

    def full(*_: object, **__: object) -> None:
        raise Refused("host.disk", "the disk is full")

    monkeypatch.setattr(audit, "note_refused", full)
    assert powerless.get("/api/v1/users").status_code == 403
