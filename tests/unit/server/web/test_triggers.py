"""Triggers on their project's page: set with any kind, asked, and with their record."""

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.trigger import TargetEvent, TriggerKind
from fairlead.usecases import runbooks, tenants, triggers

PAGE = "/projects/books/triggers"


def test_each_kind_is_set_asked_and_shows_what_it_waits_for_and_why_not(house: House, visit: Visit) -> None:
    house.add_project("books")
    visit.sign_in()
    assert "No triggers" in visit.get(PAGE)
    visit.post(PAGE, name="Orders", kind="package", watches="orders, stock")
    visit.post(PAGE, name="Comes", kind="target", tags="web server", environments="Test", events="healthy")
    visit.post(PAGE, name="Bad", kind="target", cron="* * * * *")
    page = visit.get(PAGE)
    assert "new package orders, stock" in page and "a target becomes available (healthy, tag web server)" in page
    held = {one.trigger.name: one.trigger for one in triggers.all_of(house.context, ADMINISTRATOR, "books")}
    assert set(held) == {"Comes", "Orders"}
    assert (held["Comes"].kind, held["Comes"].events) == (TriggerKind.TARGET, (TargetEvent.HEALTHY,))
    visit.post(f"{PAGE}/Orders/evaluate")
    page = visit.get(PAGE)
    assert "did not fire" in page and "has no release to go by" in page and "trigger.nothing" in page


def test_a_word_that_is_no_kind_is_refused_and_says_which_there_are(house: House, visit: Visit) -> None:
    house.add_project("books")
    visit.sign_in()
    visit.post(PAGE, name="Odd", kind="moon")
    assert "none of schedule, package, image, push, target" in visit.get(PAGE)
    assert triggers.all_of(house.context, ADMINISTRATOR, "books") == []


def test_a_runbook_runs_in_each_environment_that_is_ticked_and_the_page_says_of_each(
    house: House, visit: Visit
) -> None:
    house.add_project("books")
    steps = Process((ProcessStep("Tidy", (Action("Tidy", "script", {"script": "true"}),)),))
    runbooks.put(house.context, ADMINISTRATOR, "books", runbooks.Draft("Tidy", environments=["Test"], process=steps))
    runbooks.publish(house.context, ADMINISTRATOR, "books", "Tidy")
    visit.sign_in()
    fields = {"kind": "schedule", "cron": "@daily", "action": "run-runbook", "runbook": "Tidy"}
    visit.post(PAGE, name="Tidy", environments=["Test", "Production"], **fields)
    assert "run-runbook Tidy, in each of Test, Production" in visit.get(PAGE)
    visit.post(f"{PAGE}/Tidy/evaluate")
    page = visit.get(PAGE)
    assert "in Test:</span> <strong>fired" in page and "in Production:</span> <strong>did not fire" in page


def test_one_for_tenants_is_set_and_says_of_each_what_became_of_it(house: House, visit: Visit) -> None:
    house.add_project("books")
    tenants.put(house.context, ADMINISTRATOR, tenants.Draft("Acme, Inc", connections={"books": ["Test"]}))
    visit.sign_in()
    visit.post(PAGE, name="Nightly", cron="0 2 * * *", destination="Test", tenants="acme, inc\n", tenant_tags="")
    assert "deploy-latest to Test, for Acme, Inc." in visit.get(PAGE)
    visit.post(f"{PAGE}/Nightly/evaluate")
    page = visit.get(PAGE)
    assert "begun for 0 of 1 tenant" in page and "for Acme, Inc: there is no release" in page


def test_when_it_is_due_is_shown_by_the_clocks_of_its_zone_too(house: House, visit: Visit) -> None:
    house.add_project("books")
    visit.sign_in()
    visit.post(PAGE, name="There", cron="30 2 * * *", zone="Asia/Kolkata", destination="Test")
    page = visit.get(PAGE)
    assert " 21:00 UTC (" in page and " 02:30 Asia/Kolkata)." in page
    assert "/evaluate" in page
    visit.post(f"{PAGE}/There/remove")
    visit.post(PAGE, name="Pushed", kind="push")
    page = visit.get(PAGE)
    assert "Pushed" in page and "/evaluate" not in page, "it cannot be asked, so no button says so"
