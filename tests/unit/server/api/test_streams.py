"""Logs as they come: numbered, resumable from any line, ended with the task; and artifacts as downloads."""

from __future__ import annotations

import asyncio
import json

import pytest
from fastapi.testclient import TestClient
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.ids import TaskId
from fairlead.domain.task import TaskState
from fairlead.ports.tasks import End
from fairlead.server.api import tasks as streaming
from fairlead.usecases import variables


@pytest.fixture
def task(house: House) -> TaskId:
    """One that ended, with five lines."""
    house.add_project("books")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")
    house.add_release("books", "1.0.0")
    begun = house.begin("books", "1.0.0", "Test")
    house.say(begun, *[("switch", f"line {number}\nsecond half") for number in range(1, 6)])
    house.end(begun, End(TaskState.FAILED, "tests.failed", "no"))
    return begun


def events(text: str) -> list[tuple[str, dict[str, object]]]:
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((fields.get("id") or fields["event"], json.loads(fields["data"])))
    return found


def test_a_log_is_followed_to_the_end_of_its_task(client: TestClient, task: TaskId) -> None:
    answer = client.get(f"/api/v1/tasks/{task}/log/follow")
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = events(answer.text)
    numbers = [int(id) for id, _ in found[:-1]]
    assert numbers == sorted(numbers) and len(numbers) >= 5
    assert found[-1][0] == "end" and found[-1][1]["state"] == "failed"


def test_a_log_is_followed_no_longer_than_its_bound(
    client: TestClient, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "KEEP_ALIVE_S", 3600.0)
    house.add_project("books")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")
    house.add_release("books", "1.0.0")
    goes_on = house.begin("books", "1.0.0", "Test")
    assert events(client.get(f"/api/v1/tasks/{goes_on}/log/follow?timeout_s=0.1").text) == []


def test_a_log_is_resumed_from_the_last_line_that_came(client: TestClient, task: TaskId) -> None:
    path = f"/api/v1/tasks/{task}/log/follow"
    whole = events(client.get(path).text)
    for headers, query in (({"Last-Event-ID": "3"}, ""), ({}, "?after=3"), ({"Last-Event-ID": "3"}, "?after=1")):
        rest = events(client.get(path + query, headers=headers).text)
        assert rest == [one for one in whole if not one[0].isdigit() or int(one[0]) > 3]
    for garbage in ("garbage", "²".encode("latin-1"), "9" * 5000):
        assert events(client.get(path, headers={"Last-Event-ID": garbage}).text) == whole


def test_a_log_is_read_in_parts(client: TestClient, task: TaskId) -> None:
    seen: list[int] = []
    after = 0
    while True:
        part = client.get(f"/api/v1/tasks/{task}/log", params={"after": after, "limit": 2}).json()
        seen += [line["number"] for line in part["items"]]
        if not part["next"]:
            break
        after = int(part["next"])
    assert seen == list(range(1, len(seen) + 1)) and len(seen) >= 5


def test_following_has_a_bound_where_one_is_given(client: TestClient, house: House, task: TaskId) -> None:
    house.add_release("books", "1.1.0")
    running = house.begin("books", "1.1.0", "Test")
    answer = client.get(f"/api/v1/tasks/{running}/log/follow?timeout_s=0.1")
    assert answer.status_code == 200 and "event: end" not in answer.text


def test_what_a_container_wrote_is_a_download_and_never_a_page(client: TestClient, house: House, task: TaskId) -> None:
    name = "output/web 1.html"
    asyncio.run(house.context.artifacts.attach(task, name, b"<script>alert(1)</script>", kind="output"))
    assert client.get(f"/api/v1/tasks/{task}/artifacts").json()["items"] == [{"name": name, "kind": "output"}]
    answer = client.get(f"/api/v1/tasks/{task}/artifacts/{name}")
    assert answer.content == b"<script>alert(1)</script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == 'attachment; filename="output_web_1.html"'
    assert client.get(f"/api/v1/tasks/{task}/artifacts/../../x").status_code == 404
