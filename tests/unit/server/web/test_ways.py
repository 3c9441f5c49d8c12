"""The ways between pages: what one leads to next, what a person is told of everywhere, what is asked before it goes."""

from __future__ import annotations

import asyncio
import re

import pytest
from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.ids import NodeId, TaskId
from fairlead.domain.interruption import Choice, InterruptionKind, Question
from fairlead.server.web import rendering
from fairlead.store.interruptions import StoreInterruptions
from fairlead.usecases import groups, interruptions, teams, variables

Furnished = tuple[House, dict[str, str]]
OF_A_PROJECT = ("releases", "deployments", "process", "variables", "channels", "triggers", "runbooks", "insights")
COUNT = re.compile(r'<span id="count-(approvals|interruptions)"[^>]*>(?:<span class="fl-count">(\d+))?')


def _asked(house: House) -> tuple[TaskId, str]:
    """A task that waits for a person, and its question."""
    house.add_project("books")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")
    house.add_release("books", "1.0.0")
    task = TaskId(str(house.deployment("books", "1.0.0", "Test").task))
    asking = StoreInterruptions(house.context.database, house.context.clock, house.context.ids)
    question = Question(InterruptionKind.MANUAL, "Does it look well?", (Choice.PROCEED, Choice.ABORT))
    asyncio.run(asking.open(task, "[a]", question, step="a", instructions="Look at **the first** machine", why=""))
    asyncio.run(house.life.server.tasks.begin(task, NodeId("node")))
    asyncio.run(house.life.server.tasks.pause(task, again=0, holds=False))
    return task, interruptions.page(house.context, ADMINISTRATOR).items[0].id


def test_a_task_that_waits_for_a_person_is_answered_on_its_own_page(house: House, visit: Visit) -> None:
    task, id = _asked(house)
    visit.sign_in()
    page = visit.get(f"/tasks/{task}")
    assert "Does it look well?" in page and "<strong>the first</strong>" in page
    assert f'action="/interruptions/{id}/answer"' in page
    assert f'action="/interruptions/{id}/answer"' in visit.get(f"/tasks/{task}/state")
    visit.post(f"/interruptions/{id}/answer", choice="proceed")
    assert f"/interruptions/{id}/answer" not in visit.get(f"/tasks/{task}")


def test_who_may_not_answer_reads_the_question_without_a_form(house: House, visit: Visit) -> None:
    task, id = _asked(house)
    house.add_user("ann", "viewer")
    page = visit.sign_in("ann").get(f"/tasks/{task}")
    assert "Does it look well?" in page
    assert f"/interruptions/{id}/answer" not in page


def test_who_may_answer_there_alone_has_the_form(house: House, visit: Visit) -> None:
    task, id = _asked(house)
    house.add_user("ann", "none")
    held = [teams.HeldRole("project-deployer", projects=("books",))]
    teams.add(house.context, ADMINISTRATOR, "Of books", members=["ann"], held=held)
    assert f"/interruptions/{id}/answer" in visit.sign_in("ann").get(f"/tasks/{task}")
    assert visit.post(f"/interruptions/{id}/answer", choice="proceed") == f"/tasks/{task}"


def test_every_page_tells_how_many_wait_for_a_person(house: House, visit: Visit) -> None:
    visit.sign_in()
    assert dict(COUNT.findall(visit.get("/events"))) == {"approvals": "", "interruptions": ""}
    _, id = _asked(house)
    assert dict(COUNT.findall(visit.get("/events")))["interruptions"] == "1"
    part = visit.get("/interruptions/count")
    assert COUNT.findall(part) == [("interruptions", "1")]
    seen = re.search(r"seen=([0-9a-f]+)", part)
    assert seen and visit.client.get(f"/interruptions/count?seen={seen[1]}").status_code == 204
    visit.post(f"/interruptions/{id}/answer", choice="proceed")
    assert COUNT.findall(visit.get("/interruptions/count")) == [("interruptions", "")]


def test_who_views_elsewhere_is_not_told_of_what_waits_here(house: House, visit: Visit) -> None:
    _asked(house)
    house.add_project("other")
    house.add_user("ann", "none")
    teams.add(
        house.context,
        ADMINISTRATOR,
        "Others",
        members=["ann"],
        held=[teams.HeldRole("project-viewer", projects=("other",))],
    )
    visit.sign_in("ann")
    assert COUNT.findall(visit.get("/interruptions/count")) == [("interruptions", "")]


@pytest.mark.parametrize("page", ["", *OF_A_PROJECT])
def test_each_page_of_a_project_leads_to_its_others(looking: Visit, page: str) -> None:
    address = f"/projects/books/{page}".rstrip("/")
    bar = re.search(r'<nav class="fl-bar-of-project" aria-label="Book shop">(.*?)</nav>', looking.get(address), re.S)
    assert bar
    for other in OF_A_PROJECT:
        assert f'href="/projects/books/{other}"' in bar[1]
    assert re.findall(r'href="([^"]+)" aria-current="page"', bar[1]) == [address]
    assert "· Book shop ·" in looking.get(address) or not page, "the title says whose page it is"


def test_a_release_says_where_it_is_and_leads_to_what_comes_next(looking: Visit, furnished: Furnished) -> None:
    page = looking.get("/projects/identity/releases/1.30.0")
    rows = dict(re.findall(r'<th scope="row"><a href="[^"]+">(\w+)</a></th>(.*?)</tr>', page, re.S))
    assert "rolled back" in rows["Test"] and "pre-integration tests failed" in rows["Test"]
    assert f"/deployments/{furnished[0].deployment('identity', '1.30.0', 'Test').id}" in rows["Test"]
    assert "not yet" in rows["Production"]
    assert "/projects/identity/deploy?version=1.30.0&amp;environment=Production" in rows["Production"]
    page = looking.get("/projects/identity/releases/1.29.4")
    rows = dict(re.findall(r'<th scope="row"><a href="[^"]+">(\w+)</a></th>(.*?)</tr>', page, re.S))
    assert "live</span>" in rows["Production"]


def test_what_runs_is_not_offered_to_be_deployed_again(looking: Visit) -> None:
    page = looking.get("/projects/books/releases/1.1.0")
    rows = dict(re.findall(r'<th scope="row"><a href="[^"]+">(\w+)</a></th>(.*?)</tr>', page, re.S))
    assert "running" in rows["Production"] and "Deploy" not in rows["Production"]


def test_a_deployment_is_offered_where_the_release_is_not_live_yet(looking: Visit) -> None:
    assert "<option selected>Production</option>" in looking.get("/projects/books/deploy?version=1.1.0")
    assert "<option selected>Test</option>" in looking.get("/projects/books/deploy?version=1.0.0")


def test_tasks_are_shown_in_every_state_until_one_is_chosen(looking: Visit) -> None:
    for address in ("/tasks", "/tasks?state="):
        page = looking.get(address)
        assert '<option value="">every state</option>' in page and "selected" not in page
        assert "books 1.1.0 to Production" in page
    assert '<option value="rolled_back" selected>' in looking.get("/tasks?state=rolled_back")
    assert "none of" in looking.get("/tasks?state=nonsense", status=400)


def test_the_last_phase_that_ended_well_has_its_title(looking: Visit, furnished: Furnished) -> None:
    page = looking.get(f"/tasks/{furnished[1]['rolled back']}")
    assert "the last phase that ended well: Put the instances behind 1 route" in page


def test_the_setup_leads_to_those_who_may_and_hides_them_from_who_may_not(house: House, visit: Visit) -> None:
    page = visit.sign_in().get("/setup")
    for address in ("/users", "/teams", "/groups", "/lifecycles", "/subscriptions"):
        assert f'href="{address}"' in page
    house.add_user("ann", "viewer")
    main = visit.sign_in("ann").get("/setup").partition("<main")[2]
    assert 'href="/lifecycles"' in main
    assert not re.search(r'href="/(users|teams|subscriptions)"', main)


def test_nothing_is_removed_before_it_was_asked_for() -> None:
    for path in rendering.FOLDER.glob("*.html"):
        for tag in re.findall(
            r'<(?:form|button)[^>]*(?:form)?action="[^"]*/(?:remove|retire)"[^>]*>', path.read_text()
        ):
            assert "data-ask=" in tag, (path.name, tag)


def test_a_group_is_removed_by_a_button_that_asks(house: House, visit: Visit) -> None:
    groups.add(house.context, ADMINISTRATOR, "Shop")
    assert 'data-ask="Remove the group Shop?"' in visit.sign_in().get("/groups")


def test_a_deployment_that_went_live_leads_on_and_one_that_did_not_to_what_is_live(
    looking: Visit, furnished: Furnished
) -> None:
    went = looking.get(f"/tasks/{furnished[1]['books live']}")
    assert 'href="/projects/books/deploy?version=1.0.0"' in went
    failed = looking.get(f"/tasks/{furnished[1]['rolled back']}")
    assert 'href="/projects/identity/environments/Test">What is live in Test now</a>' in failed
    assert "deploy?version=1.30.0" not in failed


def test_the_output_of_a_place_begins_with_what_users_reach(looking: Visit) -> None:
    page = looking.get("/projects/books/environments/Production")
    offered = re.search(r"data-output-service[^>]*>(.*?)</select>", page)
    assert offered and re.findall(r"<option>(\w+)", offered[1]) == ["web", "db", "worker"]
