"""Triggers on the command line, and why they did not fire."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.cli.conftest import Said
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.usecases import runbooks


def test_a_trigger_is_set_looked_at_explained_and_removed(house: House, fairlead: Callable[..., Said]) -> None:
    house.add_project("books")
    of = ("-p", "books")
    made = fairlead("triggers", "set", "Nightly", "--cron", "0 0 2 ? * MON-FRI", "--to", "Test", *of)
    assert (made.code, "due next at" in made.out) == (0, True), made
    tried = fairlead("triggers", "evaluate", "Nightly", *of)
    assert (tried.code, "did not fire: there is no release" in tried.out) == (1, True), tried
    assert "there is no release" in fairlead("triggers", "list", *of).out
    assert "did not fire" in fairlead("why", "trigger", "Nightly", *of).out
    wrong = fairlead("triggers", "set", "Bad", "--cron", "0 0 2 1 * MON", "--to", "Test", *of)
    assert (wrong.code, "schedule.cron" in wrong.err) == (2, True)
    assert fairlead("triggers", "remove", "Nightly", *of).code == 0


def test_a_runbook_in_several_environments_is_set_asked_and_told_of_each(
    house: House, fairlead: Callable[..., Said]
) -> None:
    house.add_project("books")
    steps = Process((ProcessStep("Tidy", (Action("Tidy", "script", {"script": "true"}),)),))
    runbooks.put(house.context, ADMINISTRATOR, "books", runbooks.Draft("Tidy", environments=["Test"], process=steps))
    runbooks.publish(house.context, ADMINISTRATOR, "books", "Tidy")
    of = ("-p", "books")
    does = ("--cron", "@daily", "--action", "run-runbook", "--runbook", "Tidy", "-e", "Test", "-e", "Production")
    assert fairlead("triggers", "set", "Tidy", *does, *of).code == 0
    assert "Test, Production" in fairlead("triggers", "list", *of).out
    tried = fairlead("triggers", "evaluate", "Tidy", *of)
    assert (tried.code, "fired: Test: run 1" in tried.out, "Production: Tidy" in tried.out) == (0, True, True), tried
    told = fairlead("-o", "json", "triggers", "records", "Tidy", *of).data
    assert {one["environment"]: one["has_fired"] for one in told} == {"Test": True, "Production": False}
    wrong = fairlead("triggers", "set", "Bad", "--cron", "@daily", "--to", "Test", "-e", "Test", *of)
    assert (wrong.code, "where a runbook runs" in wrong.err) == (2, True), wrong


def test_kinds_records_and_why_are_told_and_a_wrong_word_names_the_right_ones(
    house: House, fairlead: Callable[..., Said]
) -> None:
    house.add_project("books")
    of = ("-p", "books")
    made = fairlead("triggers", "set", "Orders", "--kind", "package", "--watch", "orders", *of)
    assert (made.code, "waits: new package orders" in made.out) == (0, True), made
    assert fairlead("triggers", "evaluate", "Orders", *of).code == 1
    assert "no release to go by" in fairlead("triggers", "records", "Orders", *of).out
    assert "did not fire" in fairlead("triggers", "why", "Orders", *of).out
    off = fairlead("triggers", "set", "Orders", "--kind", "package", "--disable", *of)
    assert "is disabled" in off.out
    images = fairlead("triggers", "set", "Images", "--kind", "image", "--poll", "30", *of)
    assert "new image of the latest release" in images.out
    assert "trigger.same_version" in fairlead("-o", "json", "triggers", "evaluate", "Images", *of).out
    come = ("--kind", "target", "--tag", "web", "--event", "healthy", "-e", "Test")
    assert fairlead("triggers", "set", "Comes", *come, *of).code == 0
    listed = fairlead("-o", "json", "triggers", "list", *of).data
    assert {one["name"]: one["action"] for one in listed} == {
        "Comes": "deploy-current",
        "Images": "new-release",
        "Orders": "new-release",
    }
    wrong = fairlead("triggers", "set", "Bad", "--kind", "package", "--action", "deploy-current", *of)
    assert (wrong.code, "it does one of: new-release" in wrong.err) == (2, True), wrong


def test_one_for_tenants_says_of_each_what_became_of_it(house: House, fairlead: Callable[..., Said]) -> None:
    house.add_project("books")
    of = ("-p", "books")
    fairlead("tenants", "set-tags", "Region", "EU")
    fairlead("tenants", "set", "Acme", "--tag", "Region/EU", "--connect", "books=Test")
    fairlead("tenants", "set", "Bolt")
    nightly = ("triggers", "set", "Nightly", "--cron", "@daily", "--to", "Test")
    made = fairlead("-o", "json", *nightly, "--tenant", "bolt", "--tenant-tag", "region/eu", *of)
    assert (made.data["tenants"], made.data["tenant_tags"]) == (["Bolt"], ["Region/EU"]), made
    assert "Bolt, Region/EU" in " ".join(fairlead("triggers", "list", *of).out.split())
    tried = fairlead("triggers", "evaluate", "Nightly", *of)
    told = "begun for 0 of 2 tenants; for Acme: there is no release; for Bolt: there is no release"
    assert (tried.code, told in tried.out) == (1, True), tried
    records = fairlead("-o", "json", "triggers", "records", "Nightly", *of).data
    assert [(one["tenant"], one["code"]) for one in records[0]["tenants"]] == [
        ("Acme", "trigger.nothing"),
        ("Bolt", "trigger.nothing"),
    ]
    assert "for Acme: there is no release" in fairlead("why", "trigger", "Nightly", *of).out
    assert fairlead("tenants", "remove", "Bolt").code == 1


def test_when_it_is_due_is_told_by_the_clocks_of_its_zone_too(house: House, fairlead: Callable[..., Said]) -> None:
    house.add_project("books")
    of, of_a_night = ("-p", "books"), ("--cron", "30 2 * * *", "--to", "Test")
    made = fairlead("triggers", "set", "There", *of_a_night, "--zone", "Asia/Kolkata", *of)
    assert (" 21:00 UTC (" in made.out, " 02:30 Asia/Kolkata)" in made.out) == (True, True), made
    assert fairlead("triggers", "set", "Here", *of_a_night, *of).code == 0
    held = {one["name"]: one for one in fairlead("-o", "json", "triggers", "list", *of).data}
    assert (held["There"]["next_there"][10:], held["Here"]["next_there"]) == (" 02:30 Asia/Kolkata", "")
    listed = fairlead("triggers", "list", *of).out
    assert f"({held['There']['next_there']})" in listed and listed.count("02:30 ") == 1
    assert held["There"]["next_there"] in fairlead("why", "trigger", "There", *of).out
    assert fairlead("triggers", "set", "There", *of_a_night, "--zone", "Asia/Kolkata", "--disable", *of).code == 0
    (off,) = (one for one in fairlead("-o", "json", "triggers", "list", *of).data if one["name"] == "There")
    assert off["next_there"] == ""
