"""Triggers on their project's page: set with any kind, asked, and with their record."""

import re
from html import unescape

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.trigger import TargetEvent, TriggerAction, TriggerKind
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


def change_form(page: str, name: str) -> dict[str, str | list[str]]:
    """What a browser would send of the form that changes the trigger, as it stands on the page."""
    found = re.search(rf"<summary>Change {re.escape(name)}</summary><form[^>]*>(.*?)</form>", page, re.DOTALL)
    assert found, f"no form changes {name}"
    form, fields = found[1], dict[str, str | list[str]]()
    for tag in re.findall(r"<input[^>]*>", form):
        said = {key: unescape(value) for key, value in re.findall(r'([a-z_]+)="([^"]*)"', tag)}
        if said.get("type") != "checkbox":
            fields[said["name"]] = said.get("value", "")
        elif tag.endswith(" checked>"):
            fields[said["name"]] = [*fields.get(said["name"], []), said["value"]]
    for select, inside in re.findall(r'<select[^>]* name="([a-z_]+)">(.*?)</select>', form):
        chosen = re.search(r'<option(?: value="([^"]*)")? selected>([^<]*)</option>', inside)
        fields[select] = unescape(chosen[1] or chosen[2]) if chosen else ""
    for area, inside in re.findall(r'<textarea[^>]* name="([a-z_]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        fields[area] = unescape(inside)
    return fields


def test_one_is_changed_on_its_page_and_what_nobody_touched_stays(house: House, visit: Visit) -> None:
    house.add_project("books")
    context = house.context
    connected = {"books": ["Test", "Production"]}
    for name in ("Acme, Inc", "Umbrella"):
        tenants.put(context, ADMINISTRATOR, tenants.Draft(name, connections=connected))
    drafts = (
        triggers.Draft(
            "Nightly", "0 2 * * *", zone="Asia/Kolkata", source="Test", destination="Production", channel="Default",
            is_forced=True, is_enabled=False, tenants=["Acme, Inc", "Umbrella"],
        ),
        triggers.Draft("Images", kind=TriggerKind.IMAGE, watches=["a/web", "a/api"], poll_s=900),
        triggers.Draft(
            "Comes", kind=TriggerKind.TARGET, tags=["web"], environments=["Test"], events=[TargetEvent.HEALTHY]
        ),
    )  # fmt: skip
    before = {one.name: triggers.put(context, ADMINISTRATOR, "books", one).trigger for one in drafts}
    visit.sign_in()
    for name, was in before.items():
        visit.post(PAGE, **change_form(visit.get(PAGE), name))
        assert f"Trigger {name} is changed." in visit.get(PAGE)
        held = triggers.get(context, ADMINISTRATOR, "books", name).trigger
        kept = ("kind", "cron", "zone", "action", "source", "destination", "channel", "is_forced", "is_enabled",
                "watches", "poll_s", "environments", "tags", "events", "tenants", "id", "created_by")  # fmt: skip
        assert {one: getattr(held, one) for one in kept} == {one: getattr(was, one) for one in kept}
    read = change_form(visit.get(PAGE), "Nightly")
    visit.post(PAGE, **{**read, "cron": "0 4 * * *", "action": "deploy-latest", "disabled": ""})
    held = triggers.get(context, ADMINISTRATOR, "books", "Nightly").trigger
    assert (held.cron, held.action, held.is_enabled) == ("0 4 * * *", TriggerAction.DEPLOY_LATEST, True)
    visit.post(PAGE, **{**read, "cron": "0 5 * * *"})
    assert "was changed by somebody else" in visit.get(PAGE)
    assert triggers.get(context, ADMINISTRATOR, "books", "Nightly").trigger.cron == "0 4 * * *"
