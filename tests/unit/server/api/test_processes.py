"""Processes over REST: written, read back whole, guarded by their ETag, refused with a code."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from tests.unit.server.house import House

STEPS = [{"name": "Deploy", "actions": [{"name": "Deploy", "kind": "deploy-services", "required": True}]}]
LOOK = {"name": "Look", "actions": [{"name": "Look", "kind": "script", "properties": {"script": "ls"}}]}
PATH = "/api/v1/projects/books/process"


@pytest.fixture(autouse=True)
def books(house: House) -> None:
    house.add_project("books")


def test_what_was_put_is_told_whole_and_as_yaml(client: TestClient) -> None:
    assert client.get(PATH).json()["steps"] == []
    put = client.put(PATH, json={"steps": STEPS, "guided": True}, headers={"If-Match": '"0"'})
    assert put.status_code == 200, put.text
    told = client.get(PATH)
    assert told.headers["etag"] == '"1"' and told.json() == put.json()
    body = told.json()
    assert body["guided"] and body["no_target"] == "refuse" and body["changed_by"]
    assert body["steps"][0]["actions"][0]["runs_on"] == "server"
    assert body["text"].startswith("steps:\n")
    again = client.put(PATH, json={"steps": body["steps"], "guided": True})
    assert again.json()["hash"] == body["hash"], "what was read can be put again"


def test_who_edits_what_somebody_else_has_changed_is_told(client: TestClient) -> None:
    client.put(PATH, json={"steps": STEPS})
    late = client.put(PATH, json={"steps": []}, headers={"If-Match": '"0"'})
    assert (late.status_code, late.json()["code"]) == (409, "edit.conflict")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"steps": [{**STEPS[0], "window": 2}]}, "process.window"),
        ({"steps": [{**STEPS[0], "package_requirement": "before-acquisition"}]}, "process.package_requirement"),
        (
            {"steps": [*STEPS, {**LOOK, "package_requirement": "before-acquisition"}]},
            "process.package_order",
        ),
        ({"steps": [*STEPS, *STEPS]}, "process.name_twice"),
        ({"steps": [{"name": "a", "actions": []}]}, "input.invalid"),
        ({"steps": [{"name": "a", "actions": [{"name": "a", "kind": "fax"}]}]}, "process.kind"),
        ({"setps": []}, "input.invalid"),
    ],
)
def test_each_broken_rule_is_told_by_its_code(client: TestClient, body: dict[str, object], code: str) -> None:
    answer = client.put(PATH, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.text
    assert client.get(PATH).json()["revision"] == 0


def test_the_kinds_of_actions_are_told_with_their_schemas(client: TestClient) -> None:
    kinds = {one["name"]: one for one in client.get("/api/v1/action-kinds").json()["items"]}
    assert kinds["deploy-services"]["schema"]["type"] == "object"
    assert all(one["description"] for one in kinds.values())
