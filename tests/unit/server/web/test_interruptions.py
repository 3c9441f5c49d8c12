"""The page of what waits for a person, and its forms."""

from __future__ import annotations

import asyncio

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.ids import NodeId, TaskId
from fairlead.domain.interruption import Choice, InterruptionKind, Question
from fairlead.domain.task import TaskState
from fairlead.store.interruptions import StoreInterruptions
from fairlead.usecases import interruptions, variables
from fairlead.usecases import tasks as tasking


def paused(house: House, *choices: Choice) -> tuple[str, TaskId]:
    house.add_project("books")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")
    house.add_release("books", "1.0.0")
    task = TaskId(str(house.deployment("books", "1.0.0", "Test").task))
    asking = StoreInterruptions(house.context.database, house.context.clock, house.context.ids)
    question = Question(InterruptionKind.MANUAL, "Look at <it>?", choices or (Choice.PROCEED, Choice.ABORT))
    asyncio.run(asking.open(task, "[a]", question, step="a", instructions="the first page", why=""))
    asyncio.run(house.life.server.tasks.begin(task, NodeId("node")))
    asyncio.run(house.life.server.tasks.pause(task, again=0, holds=False))
    return interruptions.page(house.context, ADMINISTRATOR).items[0].id, task


def test_what_waits_is_shown_and_answered(house: House, visit: Visit) -> None:
    id, task = paused(house)
    visit.sign_in()
    page = visit.get("/interruptions")
    assert "Look at &lt;it&gt;?" in page and "the first page" in page
    assert visit.post(f"/interruptions/{id}/answer", choice="proceed", note="seen") == f"/tasks/{task}"
    assert tasking.get(house.context, ADMINISTRATOR, task).state is TaskState.QUEUED
    assert "proceed by admin: seen" in visit.get(f"/interruptions/{id}")


def test_what_waits_is_taken_and_given_back(house: House, visit: Visit) -> None:
    id, _ = paused(house)
    visit.sign_in()
    assert "Assign to me" in visit.get("/interruptions")
    assert visit.post(f"/interruptions/{id}/take") == f"/interruptions/{id}"
    page = visit.get(f"/interruptions/{id}")
    assert "Assigned to admin" in page and "Assign to me" not in page
    headers = {"x-csrf-token": visit.token()}
    told = visit.client.get(f"/api/v1/interruptions/{id}").json()
    assert told["assigned_to"] == "admin"
    visit.post(f"/interruptions/{id}/give-back")
    assert "Assigned to" not in visit.get(f"/interruptions/{id}")
    taken = visit.client.post(f"/api/v1/interruptions/{id}/take", headers=headers).json()
    assert (taken["assigned_to"], taken["state"]) == ("admin", "waiting")
    assert visit.client.post(f"/api/v1/interruptions/{id}/give-back", headers=headers).json()["assigned_to"] == ""


def test_what_cannot_be_answered_so_is_said(house: House, visit: Visit) -> None:
    id, _ = paused(house)
    visit.sign_in()
    assert visit.post(f"/interruptions/{id}/answer", choice="retry") == f"/interruptions/{id}"
    assert "it cannot be answered &#39;retry&#39;" in visit.get(f"/interruptions/{id}")
    visit.post(f"/interruptions/{id}/answer", choice="nonsense")
    assert "it cannot be answered &#39;nonsense&#39;" in visit.get(f"/interruptions/{id}")


def test_a_program_lists_and_answers_it_too(house: House, visit: Visit) -> None:
    id, task = paused(house)
    visit.sign_in()
    headers = {"x-csrf-token": visit.token()}
    listed = visit.client.get("/api/v1/interruptions", params={"state": "waiting"}).json()["items"]
    assert [(one["id"], one["choices"]) for one in listed] == [(id, ["proceed", "abort"])]
    answer = visit.client.post(f"/api/v1/interruptions/{id}/answer", json={"choice": "abort"}, headers=headers)
    assert (answer.status_code, answer.json()["answer"], answer.json()["task"]) == (200, "abort", task)
    again = visit.client.post(f"/api/v1/interruptions/{id}/answer", json={"choice": "abort"}, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "interruption.answered")
