"""The page that deploys, with answers and options; and what the task's page says of children and of what is kept."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta

import pytest
from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.colour import Colour
from fairlead.domain.ids import TaskId
from fairlead.domain.process import Action, Process, ProcessChoice, ProcessStep, RunLocation
from fairlead.domain.prompt import Control, Prompt
from fairlead.domain.slot import Slot, SlotState
from fairlead.domain.task import TaskState
from fairlead.domain.variable import Dimension
from fairlead.ports.catalogue import Place
from fairlead.ports.children import ChildWish
from fairlead.ports.tasks import End
from fairlead.server.web import deploying
from fairlead.steps.keeping import ASKED
from fairlead.store import slots, tasks
from fairlead.usecases import child_deployments, deployments, processes, projects, releases, targets, tenants, variables
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


def test_when_and_how_stand_there_again_beside_the_plan(books: House, visit: Visit) -> None:
    given = {"at": "2026-12-01T18:00", "not_after": "2026-12-02T18:00", "override_freeze": "a fire", "force": "1"}
    page = visit.post(f"{DEPLOY}/plan", 200, **WHERE, **given, keep_failed="5")
    for name in ("at", "not_after", "override_freeze"):
        assert f'name="{name}" value="{given[name]}"' in page
    assert 'name="keep_failed" value="5"' in page and 'name="force" value="1" checked' in page


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


def test_what_failed_and_stands_is_kept_longer_or_ended_from_its_page(books: House, visit: Visit) -> None:
    visit.post(DEPLOY, **WHERE)
    deployment = books.deployment("books", "1.0.0", "Test")
    task, place, now = f"/tasks/{deployment.task}", Place("books", "Test"), books.context.clock.now()
    books.end(books.begin("books", "1.0.0", "Test"), End(TaskState.FAILED))
    assert "What failed stands" not in visit.get(task)
    ends_at = now + timedelta(minutes=10)
    kept = Slot(Colour.GREEN, SlotState.IDLE, deployment.id, deployment.release, "1.0.0", standby_until=ends_at)
    with books.context.database.transaction() as connection:
        slots.put(connection, place, kept)
    page = visit.get(task)
    assert "What failed stands" in page and "Keep it 2 hours from now" in page and "End it now" in page
    visit.post(f"/deployments/{deployment.id}/keep", seconds="7200")
    assert "It stands for 120 minutes from now." in visit.get(task)

    def until() -> datetime:
        with books.context.database.reading() as connection:
            found = slots.of(connection, place)[Colour.GREEN].standby_until
        assert found is not None
        return found

    assert until() >= now + timedelta(hours=2)
    visit.post(f"/deployments/{deployment.id}/keep", seconds="0")
    assert until() < now + timedelta(hours=1)


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


TENANTS = (
    ("Acme & Co", ["Region/EU"], ["Test", "Production"]),
    ("Bolt", ["Region/EU"], ["Test"]),
    ("Core", ["Region/US"], ["Production"]),
)


@pytest.fixture
def tenanted(books: House) -> House:
    """The project may be deployed for tenants, too, of whom two have one tag; one of them is asked for a colour."""
    projects.change(books.context, ADMINISTRATOR, "books", {"tenancy": "tenanted-or-untenanted"})
    tenants.put_tag_set(books.context, ADMINISTRATOR, "Region", ["EU", "US"])
    for name, tags, places in TENANTS:
        tenants.put(books.context, ADMINISTRATOR, tenants.Draft(name, tags=tags, connections={"books": places}))
    more = More(prompt=Prompt("Colour"))
    variables.put(books.context, ADMINISTRATOR, "books", "Colour", "red", scope={Dimension.TENANT: ["Bolt"]}, more=more)
    books.add_release("books", "2.0.0")
    return books


def asked_for(house: House, version: str = "2.0.0") -> list[tuple[str, str]]:
    """For whom it was asked for by a person, and the plan."""
    found = deployments.page(house.context, ADMINISTRATOR, project="books", version=version).items
    return sorted((one.tenant, one.deployment.plan_hash) for one in found if one.deployment.created_by == "admin")


SEVERAL = f"{DEPLOY}?version=2.0.0&environment=Test&tenant=Acme+%26+Co&tenant=Bolt"


def plans_in(page: str) -> dict[str, str]:
    found = re.findall(r'name="(plan\.[^"]+)" value="([0-9a-f]{64})"', page)
    return {html.unescape(name): value for name, value in found}


def test_each_tenant_that_is_ticked_or_has_the_tag_has_a_plan_and_that_is_what_runs(
    tenanted: House, visit: Visit
) -> None:
    page = visit.get(f"{DEPLOY}?version=2.0.0&environment=Test&tenant=Bolt&tenant_tags=Region/EU")
    plans = plans_in(page)
    assert "Deploy 2.0.0 to Test for 2 tenants" in page and page.count(" checked") == 1
    assert sorted(plans) == ["plan.Acme & Co", "plan.Bolt"] and "Colour" in page
    where = {"version": "2.0.0", "environment": "Test", "tenant": ["Bolt"], "tenant_tags": "Region/EU"}
    to = visit.post(DEPLOY, **where, force="1", **plans)
    assert to == "/projects/books/deployments?version=2.0.0&environment=Test"
    assert asked_for(tenanted) == [(name.removeprefix("plan."), plan) for name, plan in sorted(plans.items())]
    listed = visit.get(to)
    assert "2.0.0 to Test was asked for, for 2 tenants." in listed and "2.0.0 to Test for Bolt" in listed
    assert "Deployments of 2.0.0 to Test" in listed and "1.0.0" not in listed
    part = visit.get(f"{to}&seen=")
    assert "<html" not in part and "2.0.0 to Test for Bolt" in part
    mark = re.search(r"seen=([0-9a-f]{16})", part)
    assert mark
    visit.get(f"{to}&seen={mark[1]}", 204)
    of_release = {"version": "2.0.0", "environment": "Test"}
    by_api = visit.client.get("/api/v1/deployments", params={**of_release, "project": "books"}).json()["items"]
    assert {one["version"] for one in by_api} == {"2.0.0"}


def test_answers_go_to_those_who_are_asked_and_are_in_the_plans(tenanted: House, visit: Visit) -> None:
    first = plans_in(visit.get(SEVERAL))
    where = {"version": "2.0.0", "environment": "Test", "tenant": ["Acme & Co", "Bolt"], "prompt.Colour": "blue"}
    page = visit.post(f"{DEPLOY}/plan", 200, **where)
    plans = plans_in(page)
    assert plans["plan.Acme & Co"] == first["plan.Acme & Co"] and plans["plan.Bolt"] != first["plan.Bolt"]
    assert 'value="blue"' in page and 'name="planned" value="1"' in page
    visit.post(DEPLOY, **where, force="1", planned="1", **plans)
    assert asked_for(tenanted) == [("Acme & Co", plans["plan.Acme & Co"]), ("Bolt", plans["plan.Bolt"])]


def test_what_is_refused_for_one_tenant_is_said_and_holds_up_no_other(tenanted: House, visit: Visit) -> None:
    page = visit.get(f"{DEPLOY}?version=2.0.0&environment=Test&tenant=Bolt&tenant=Core")
    assert "would be refused" in page and "Core is not connected to books in Test" in page
    assert list(plans_in(page)) == ["plan.Bolt"]
    where = {"version": "2.0.0", "environment": "Test", "force": "1"}
    stale = {"plan.Bolt": "0" * 64}
    back = visit.post(DEPLOY, **where, tenant=["Bolt", "Core"], planned="1", **stale)
    assert back.startswith(DEPLOY) and "tenant=Bolt" in back and "tenant=Core" in back
    said = visit.get(back)
    assert "Not for Bolt: " in said and "Not for Core: Core is not connected" in said and asked_for(tenanted) == []
    to = visit.post(DEPLOY, **where, tenant=["Bolt", "Core"])
    said = visit.get(to)
    assert "was asked for, for 1 tenant." in said and "Not for Core: Core is not connected" in said
    assert [name for name, _ in asked_for(tenanted)] == ["Bolt"]


def test_one_tenant_is_deployed_to_as_before_and_tags_that_mean_nobody_are_told(tenanted: House, visit: Visit) -> None:
    page = visit.get(f"{DEPLOY}?version=2.0.0&environment=Test&tenant=Bolt")
    assert "Deploy 2.0.0 to Test for Bolt" in page and 'name="keep_failed"' in page
    to = visit.post(DEPLOY, version="2.0.0", environment="Test", tenant="Bolt", force="1", plan_hash=hash_in(page))
    assert to.startswith("/deployments/")
    page = visit.get(f"{DEPLOY}?version=2.0.0&environment=Test&tenant_tags=Region/None")
    assert "no tenant with Region/None is connected" in page and "btn-primary" not in page
    page = visit.get(SEVERAL)
    assert 'name="keep_failed"' not in page and 'name="accessories"' not in page
    where = {"version": "2.0.0", "environment": "Test", "tenant": ["Acme & Co", "Bolt"]}
    back = visit.post(DEPLOY, **where, accessories="db")
    assert "for one tenant at a time" in visit.get(back)
    assert [name for name, _ in asked_for(tenanted)] == ["Bolt"]


def test_only_so_many_plans_are_made_for_a_page(tenanted: House, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploying, "MOST_PLANNED", 1)
    page = visit.get(SEVERAL)
    assert len(plans_in(page)) == 1 and "And for 1 more, whose plans are not shown here" in page
    assert "for 2 tenants" in page


def test_targets_and_who_is_asked_are_chosen_on_the_page_and_part_of_the_plan(house: House, visit: Visit) -> None:
    visit.sign_in()
    house.add_project("books")
    for name in ("web 1", "web 2", "web3"):
        targets.add(house.context, ADMINISTRATOR, name, only_in=["Test"], tags=["web"])
    action = Action("Look", "script", {"script": "ls"}, runs_on=RunLocation.TARGETS)
    processes.put(
        house.context, ADMINISTRATOR, "books", Process((ProcessStep("Look", (action,), target_tags=("web",)),))
    )
    releases.create(house.context, ADMINISTRATOR, "books", version="1.0.0", images={}, contents={})
    chosen = {"only_targets": "web 1\r\nweb 2\r\n", "guided": "yes", "redeploy_packages": "1"}
    page = visit.post(f"{DEPLOY}/plan", 200, **WHERE, **chosen)
    assert "web 1\nweb 2</textarea>" in page and '<option value="yes" selected>' in page
    assert 'name="redeploy_packages" value="1" checked' in page
    visit.post(DEPLOY, **WHERE, **chosen, planned="1", plan_hash=hash_in(page))
    made = house.deployment("books", "1.0.0", "Test")
    assert made.choice == ProcessChoice(only_targets=("web 1", "web 2"), is_guided=True, redeploys_packages=True)
    asked = {"version": "1.0.0", "environment": "Test", "only_target": ["web 1", "web 2"]}
    asked |= {"guided": "true", "redeploy_packages": "true"}
    headers = {"x-csrf-token": visit.token()}
    found = visit.client.get("/api/v1/projects/books/plan", params=asked, headers=headers).json()
    assert found["hash"] == made.plan_hash
    both = visit.post(f"{DEPLOY}/plan", 200, **WHERE, **chosen, without_targets="web3")
    assert "both as the only ones and as excluded" in both
    without = visit.post(f"{DEPLOY}/plan", 200, **WHERE, without_targets="nobody")
    assert "is not a target that the process runs on" in without and "there are web 1" in without


def test_where_there_is_nothing_to_deploy_it_says_what_makes_a_release(house: House, visit: Visit) -> None:
    visit.sign_in()
    house.add_project("books")
    assert "fairlead release create -p books" in visit.get(DEPLOY)
