"""Freezes, defects and times on the command line."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.cli.conftest import Said
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.usecases import tenants, variables

Run = Callable[..., Said]


def a_project(house: House) -> None:
    house.add_project("books")
    variables.put(house.context, ADMINISTRATOR, "books", "Db.Host", "db")


def test_a_freeze_is_added_refuses_is_passed_over_and_removed(house: House, fairlead: Run) -> None:
    a_project(house)
    made = fairlead("freezes", "add", "Holidays", "--until", "2d", "-e", "Test", "-m", "away")
    assert (made.code, "holds now" in made.out) == (0, True), made
    house.add_release("books", "1.0.0")
    deploy = ("deploy", "1.0.0", "--to", "Test", "-p", "books")
    frozen = fairlead(*deploy)
    assert (frozen.code, "deployment.frozen" in frozen.err) == (1, True)
    assert fairlead(*deploy, "--override-freeze", "it burns").code == 0
    assert fairlead("freezes", "remove", "Holidays").code == 0
    wrong = fairlead("freezes", "add", "Odd", "--until", "soon")
    assert (wrong.code, "soon" in wrong.err) == (2, True)
    recurring = ("freezes", "add", "Fridays", "--cron", "0 18 * * FRI", "--lasts", "600", "--zone", "Europe/Berlin")
    assert fairlead(*recurring).code == 0
    assert fairlead("-o", "json", "freezes", "list").data[0]["lasts_s"] == 36_000


def test_of_a_freeze_what_is_not_given_stays(house: House, fairlead: Run) -> None:
    a_project(house)
    tenants.put(house.context, ADMINISTRATOR, tenants.Draft("Acme"))
    add = ("freezes", "add", "Fridays", "--cron", "0 18 * * FRI", "--lasts", "600", "-e", "Test", "--tenant", "Acme")
    assert fairlead(*add).code == 0
    changed = fairlead(
        "-o", "json", "freezes", "set", "Fridays", "--lasts", "60", "--until", "30d", "--rename", "Late"
    ).data
    assert (changed["name"], changed["lasts_s"], changed["environments"]) == ("Late", 3600, ["Test"])
    assert changed["tenants"] == ["Acme"] and changed["ends_at"]
    again = fairlead("-o", "json", "freezes", "set", "Late", "--until", "", "-e", "", "--tenant", "", "--runbooks").data
    assert (again["ends_at"], again["environments"], again["tenants"]) == (None, [], [])
    assert (again["binds_runbooks"], again["cron"]) == (True, "0 18 * * FRI")
    wrong = fairlead("freezes", "set", "Late", "--cron", "")
    assert (wrong.code, "freeze.window" in wrong.err) == (2, True)


def test_a_defect_is_reported_listed_and_resolved(house: House, fairlead: Run) -> None:
    a_project(house)
    house.add_release("books", "1.0.0")
    made = fairlead("-o", "json", "defects", "report", "1.0.0", "-m", "broken", "-p", "books").data
    assert fairlead("-o", "json", "defects", "list", "1.0.0", "-p", "books").data[0]["is_open"] is True
    assert fairlead("defects", "resolve", made["id"], "-m", "mended").code == 0
    assert "mended" in fairlead("defects", "list", "1.0.0", "-p", "books").out


def test_a_deployment_is_scheduled_and_cancelled(house: House, fairlead: Run) -> None:
    a_project(house)
    house.add_release("books", "1.0.0")
    deploy = ("deploy", "1.0.0", "--to", "Test", "-p", "books", "--force")
    made = fairlead("-o", "json", *deploy, "--at", "6h", "--not-after", "1d").data
    assert made["state"] == "scheduled" and made["not_before"] < made["not_after"]
    assert fairlead("deployments", "cancel", made["id"]).code == 0
    past = fairlead(*deploy, "--at", "2020-01-01T00:00")
    assert (past.code, "schedule.past" in past.err) == (2, True)
    far = fairlead(*deploy, "--at", "40d")
    assert (far.code, "schedule.too_far" in far.err) == (2, True)


def test_a_deployment_that_went_live_is_marked_as_failed_and_not_any_more(house: House, fairlead: Run) -> None:
    a_project(house)
    house.add_release("books", "1.0.0")
    house.go_live("books", "1.0.0", "Test")
    mark = ("deployments", "mark-failed", "1", "-p", "books", "-e", "Test")
    assert "say why" in fairlead(*mark).err
    assert "books 1.0.0 to Test is marked as failed" in fairlead(*mark, "--reason", "lost orders").out
    assert "lost orders" in fairlead("deployments", "show", "1", "-p", "books", "-e", "Test").out
    assert "admin marked it as failed" in fairlead("why", "deployment", "1", "-p", "books", "-e", "Test").out
    again = fairlead(*mark, "--reason", "twice")
    assert (again.code, "deployment.marked" in again.err) == (1, True)
    assert fairlead(*mark, "--undo").code == 0
    found = fairlead("-o", "json", "deployments", "show", "1", "-p", "books", "-e", "Test").data
    assert (found["outcome"], found["marked_at"], found["marked_why"]) == ("live", None, "")
