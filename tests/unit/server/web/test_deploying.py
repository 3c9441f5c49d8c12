"""The page that deploys, with answers and options; and what the task's page says of children and of what is kept."""

from __future__ import annotations

import re

import pytest
from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.ids import TaskId
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.prompt import Control, Prompt
from fairlead.domain.task import TaskState
from fairlead.ports.children import ChildWish
from fairlead.ports.tasks import End
from fairlead.steps.keeping import ASKED
from fairlead.store import tasks
from fairlead.usecases import child_deployments, processes, releases, variables
from fairlead.usecases.variables import More

WHERE = {"version": "1.0.0", "environment": "Test"}
DEPLOY = "/projects/books/deploy"


@pytest.fixture
def books(house: House, visit: Visit) -> House:
    """A project that asks for a host and for a password."""
    visit.sign_in()
    house.add_project("books")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db", more=More(prompt=Prompt("Host")))
    secret = More(prompt=Prompt("Password", control=Control.SENSITIVE))
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Password", "first", is_secret=True, more=secret)
    house.add_release("books", "1.0.0")
    return house


def hash_in(page: str) -> str:
    found = re.search(r'name="plan_hash" value="([0-9a-f]{64})"', page)
    assert found, page
    return found[1]


def test_the_plan_is_that_of_the_answers_and_it_is_what_runs(books: House, visit: Visit) -> None:
    first = visit.get(f"{DEPLOY}?version=1.0.0&environment=Test")
    answers = {"prompt.Db.Host": "other <db>", "prompt.Db.Password": "pa55word", "skip": ""}
    page = visit.post(f"{DEPLOY}/plan", 200, **WHERE, **answers)
    assert hash_in(page) != hash_in(first)
    assert 'value="other &lt;db&gt;"' in page and 'name="planned" value="1"' in page
    assert "pa55word" not in page
    to = visit.post(DEPLOY, **WHERE, **answers, planned="1", plan_hash=hash_in(page))
    assert to.startswith("/deployments/"), visit.get(to)
    assert books.deployment("books", "1.0.0", "Test").plan_hash == hash_in(page)


def test_what_was_not_shown_does_not_run(books: House, visit: Visit) -> None:
    page = visit.post(f"{DEPLOY}/plan", 200, **WHERE, **{"prompt.Db.Host": "shown"})
    to = visit.post(DEPLOY, **WHERE, **{"prompt.Db.Host": "another"}, planned="1", plan_hash=hash_in(page))
    assert to.startswith(DEPLOY) and "plan" in visit.get(to)


def test_a_wrong_answer_is_told_where_the_plan_would_be(books: House, visit: Visit) -> None:
    page = visit.post(f"{DEPLOY}/plan", 200, **WHERE, **{"prompt.Nothing": "x"})
    assert "nothing called &#39;Nothing&#39; is asked for" in page
    assert "Show the plan with these answers" in page and 'class="btn btn-primary" type="submit"' not in page


def test_options_are_part_of_the_plan(books: House, visit: Visit) -> None:
    page = visit.post(f"{DEPLOY}/plan", 200, **WHERE, accessories="db")
    assert 'name="accessories" value="db"' in page


def test_a_deployment_is_kept_where_it_fails_from_its_page(books: House, visit: Visit) -> None:
    visit.post(DEPLOY, **WHERE)
    deployment = books.deployment("books", "1.0.0", "Test")
    task = f"/tasks/{deployment.task}"
    assert "Keep it for 2 hours" in visit.get(task)
    visit.post(f"/deployments/{deployment.id}/keep", seconds="7200")
    assert "is kept, unrouted, for 120 minutes" in visit.get(task)
    with books.context.database.reading() as connection:
        assert tasks.fact_of(connection, TaskId(str(deployment.task)), ASKED) == {"seconds": 7200, "by": "admin"}
    visit.post(f"/deployments/{deployment.id}/keep", seconds="0")
    assert "Everything is taken back" in visit.get(task)
    books.end(books.begin("books", "1.0.0", "Test"), End(TaskState.FAILED))
    assert "Keep it for 2 hours" not in visit.get(task)


def test_parent_and_child_lead_to_one_another(house: House, visit: Visit) -> None:
    visit.sign_in()
    for name in ("books", "shop"):
        house.add_project(name)
    tell = Action("Tell", "notify", {"by": "mail", "to": "a@x.test", "subject": "s"})
    processes.put(house.context, ADMINISTRATOR, "shop", Process((ProcessStep("Tell", (tell,)),)))
    releases.create(house.context, ADMINISTRATOR, "shop", version="1.0.0", images={}, contents={})
    house.end(house.begin("shop", "1.0.0", "Test"), End(TaskState.FAILED))
    child = Action("Deploy shop", "deploy-release", {"project": "shop"})
    processes.put(house.context, ADMINISTRATOR, "books", Process((ProcessStep("Deploy shop", (child,)),)))
    releases.create(house.context, ADMINISTRATOR, "books", version="2.0.0", images={}, contents={})
    house.begin("books", "2.0.0", "Test")
    parent = house.deployment("books", "2.0.0", "Test")
    wish = ChildWish("shop", "1.0.0")
    made = child_deployments.begin(house.context, TaskId(str(parent.task)), "[Deploy shop]/x", wish)
    page = visit.get(f"/tasks/{parent.task}")
    assert "Deployments that its steps asked for" in page and f"/deployments/{made.deployment}" in page
    its = house.deployment("shop", "1.0.0", "Test")
    assert f'href="/tasks/{parent.task}"' in visit.get(f"/tasks/{its.task}")
    headers = {"x-csrf-token": visit.token()}
    listed = visit.client.get("/api/v1/deployments", params={"parent": parent.task}, headers=headers).json()["items"]
    assert [one["id"] for one in listed] == [made.deployment]
