"""Times at the two ends of the calendar are refused by name; what is kept can be shown in every zone."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

ENDS = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00")
FREEZE = {"name": "Feast", "starts_at": "2026-12-24T00:00:00Z", "ends_at": "2026-12-27T00:00:00Z"}
GOING = {"version": "1.0.0", "environment": "Test"}


@pytest.mark.parametrize("path", ["/api/v1/events", "/api/v1/events/export"])
@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("at", ENDS)
def test_the_audit_is_not_asked_for_what_is_no_time_in_utc(client: TestClient, path: str, name: str, at: str) -> None:
    answer = client.get(path, params={name: at})
    assert (answer.status_code, answer.json()["code"], answer.json()["thing"]) == (400, "input.invalid", name)


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_the_audit_may_be_asked_for_from_the_first_and_up_to_the_last_moment(client: TestClient, at: str) -> None:
    assert client.get("/api/v1/events", params={"since": at}).status_code == 200


@pytest.mark.parametrize("name", ["starts_at", "ends_at"])
@pytest.mark.parametrize("at", [*ENDS, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_freeze_has_no_bound_that_a_zone_cannot_show(client: TestClient, name: str, at: str) -> None:
    answer = client.post("/api/v1/freezes", json={**FREEZE, name: at})
    assert (answer.status_code, answer.json()["code"]) == (400, "input.invalid")
    assert name in answer.json()["detail"]


@pytest.mark.parametrize("name", ["at", "not_after"])
@pytest.mark.parametrize("door", ["deployments", "tenant-deployments"])
def test_a_deployment_has_no_bound_that_a_zone_cannot_show(client: TestClient, door: str, name: str) -> None:
    more = {"tenants": ["Acme"]} if door == "tenant-deployments" else {}
    answer = client.post(f"/api/v1/projects/books/{door}", json={**GOING, **more, name: ENDS[1]})
    assert (answer.status_code, answer.json()["code"]) == (400, "input.invalid")
    assert name in answer.json()["detail"]
