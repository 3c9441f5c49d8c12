"""Insights as the API tells them."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.usecases import variables

PATH = "/api/v1/projects/books/insights"


def test_figures_whole_and_of_each_environment(house: House, client: TestClient) -> None:
    house.add_project("books")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")
    house.add_release("books", "1.0.0")
    house.go_live("books", "1.0.0", "Test")
    told = client.get(PATH, params={"days": 7}).json()
    assert (told["project"], told["successes"], told["failures"], told["failure_rate"]) == ("books", 1, 0, 0.0)
    assert told["lead_time_s"] >= 0 and told["recovery_s"] is None
    assert [(one["environment"], one["successes"]) for one in told["environments"]] == [("Test", 1)]
    elsewhere = client.get(PATH, params={"environment": "Production"}).json()
    assert (elsewhere["deployments"], elsewhere["failure_rate"], elsewhere["environments"]) == (0, None, [])


@pytest.mark.parametrize("days", ["0", "367", "x"])
def test_a_span_that_is_none_is_refused(house: House, client: TestClient, days: str) -> None:
    house.add_project("books")
    assert client.get(PATH, params={"days": days}).status_code == 400


def test_what_there_is_not_is_not_found(house: House, client: TestClient) -> None:
    assert client.get(PATH).status_code == 404
    house.add_project("books")
    assert client.get(PATH, params={"environment": "Nowhere"}).status_code == 404
