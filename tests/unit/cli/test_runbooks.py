"""Runbooks on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.unit.cli.conftest import Said
from tests.unit.server.house import House

TEXT = """\
steps:
  - name: Look
    actions:
      - name: Look
        kind: script
        properties: {script: "ls"}
"""


def test_a_runbook_is_set_published_run_and_removed(house: House, fairlead: Callable[..., Said]) -> None:
    house.add_project("books")
    Path("look.yml").write_text(TEXT)
    of = ("-p", "books")
    made = fairlead("runbooks", "set", "Look", "--process", "look.yml", "-e", "Test", *of)
    assert (made.code, "1 step;" in made.out) == (0, True), made
    assert "kind: script" in fairlead("runbooks", "show", "Look", *of).out
    assert fairlead("runbooks", "run", "Look", "-e", "Test", *of).code == 1
    assert fairlead("runbooks", "publish", "Look", *of).code == 0
    plan = fairlead("runbooks", "plan", "Look", "-e", "Test", *of)
    assert plan.code == 0 and "Look of books in Test" in plan.out
    hash = fairlead("-o", "json", "runbooks", "plan", "Look", "-e", "Test", *of).data["hash"]
    other = fairlead("runbooks", "run", "Look", "-e", "Test", "--plan", "0" * 16, *of)
    assert (other.code, "plan.changed" in other.err) == (1, True)
    several = fairlead("runbooks", "run", "Look", "-e", "Test", "--tenant", "A", "--tenant", "B", "--plan", hash, *of)
    assert (several.code, "one tenant" in several.err) == (2, True)
    run = fairlead("-o", "json", "runbooks", "run", "Look", "-e", "Test", "--plan", hash[:16], *of).data
    assert (run["number"], run["state"]) == (1, "queued")
    assert run["task"] in fairlead("runbooks", "runs", "Look", *of).out
    assert "Look" in fairlead("runbooks", "list", *of).out
    assert fairlead("runbooks", "remove", "Look", *of).code == 1


def test_a_run_in_several_places_with_answers_and_what_is_asked_for(
    house: House, fairlead: Callable[..., Said]
) -> None:
    house.add_project("books")
    Path("look.yml").write_text(TEXT)
    of = ("-p", "books")
    variable = ("variables", "set", "Reason=", "--prompt", "Why", "--required", *of)
    assert fairlead(*variable).code == 0
    fairlead("runbooks", "set", "Look", "--process", "look.yml", "--in-lifecycle", *of)
    assert fairlead("runbooks", "publish", "Look", *of).code == 0
    both = ("runbooks", "run", "Look", "-e", "Test", "-e", "Production")
    wanting = fairlead(*both, *of)
    assert (wanting.code, "prompt.required" in wanting.err) == (2, True), wanting
    made = fairlead("-o", "json", *both, "--variable", "Why:a leak: large", "--guided", *of)
    assert [one["environment"] for one in made.data] == ["Test", "Production"], made
    asked = fairlead(*both, "--variable", "Why:x", "--skip", "Nothing", *of)
    assert (asked.code, "process.step_unknown" in asked.err) == (2, True), asked


def test_a_run_is_scheduled_listed_and_cancelled(house: House, fairlead: Callable[..., Said]) -> None:
    house.add_project("books")
    Path("look.yml").write_text(TEXT)
    of = ("-p", "books")
    fairlead("runbooks", "set", "Look", "--process", "look.yml", *of)
    fairlead("runbooks", "publish", "Look", *of)
    run = ("runbooks", "run", "Look", "-e", "Test", *of)
    made = fairlead(*run, "--at", "6h", "--not-after", "8h", "--wait")
    assert (made.code, "begins at" in made.out) == (0, True), made
    assert "not to: fairlead runbooks cancel Look 1" in made.out
    listed = fairlead("-o", "json", "runbooks", "runs", "Look", "--state", "scheduled", *of).data
    assert [(one["number"], one["state"], one["task"]) for one in listed] == [(1, "scheduled", None)]
    assert listed[0]["not_before"] < listed[0]["not_after"]
    assert "scheduled" in fairlead("runbooks", "runs", "Look", *of).out
    ended = fairlead("runbooks", "cancel", "Look", "1", *of)
    assert (ended.code, "run 1 of Look in Test does not begin" in ended.out) == (0, True), ended
    again = fairlead("runbooks", "cancel", "Look", "1", *of)
    assert (again.code, "runbook.not_scheduled" in again.err) == (1, True), again
    assert fairlead("-o", "json", "runbooks", "runs", "Look", "--state", "cancelled", *of).data[0]["number"] == 1
    wrong = fairlead(*run, "--at", "soon")
    assert (wrong.code, "--at" in wrong.err) == (2, True), wrong
    assert "schedule.past" in fairlead(*run, "--at", "2020-01-01T00:00").err


def test_a_run_for_one_tenant_and_for_each_of_several(house: House, fairlead: Callable[..., Said]) -> None:
    house.add_project("books")
    Path("look.yml").write_text(TEXT)
    of = ("-p", "books")
    fairlead("tenants", "set-tags", "Region", "EU")
    fairlead("tenants", "set", "Acme", "--tag", "Region/EU", "--connect", "books=Test,Production")
    fairlead("tenants", "set", "Bolt", "--connect", "books=Test")
    fairlead("runbooks", "set", "Look", "--process", "look.yml", "--tenancy", "tenanted", *of)
    fairlead("runbooks", "publish", "Look", *of)
    assert "tenant.required" in fairlead("runbooks", "run", "Look", "-e", "Test", *of).err
    one = fairlead("runbooks", "run", "Look", "-e", "Test", "--tenant", "acme", *of)
    assert (one.code, "run 1 of Look in Test for Acme" in one.out) == (0, True), one
    each = ("runbooks", "run", "Look", "-e", "Test", "-e", "Production", "--tenant", "Bolt", "--tenant", "Acme", *of)
    several = fairlead("-o", "json", *each)
    assert several.code == 1, "Bolt is not connected in Production"
    assert [(run["tenant"], run["environment"]) for run in several.data["made"]] == [
        ("Bolt", "Test"),
        ("Acme", "Test"),
        ("Acme", "Production"),
    ]
    assert [one["code"] for one in several.data["refused"]] == ["tenant.not_connected"]
    tagged = fairlead("runbooks", "run", "Look", "-e", "Test", "--tenant-tag", "Region/EU", *of)
    assert (tagged.code, "Acme" in tagged.out) == (0, True), tagged
    assert {
        run["tenant"] for run in fairlead("-o", "json", "runbooks", "runs", "Look", "--tenant", "Bolt", *of).data
    } == {"Bolt"}


MORE = """
  - name: Only live
    actions:
      - {name: Only live, kind: script, environments: [Production], properties: {script: "ls"}}
  - name: Both
    actions:
      - {name: Always, kind: script, properties: {script: "ls"}}
      - {name: Live, kind: script, environments: [Production], properties: {script: "ls"}}
  - name: Ask
    actions:
      - {name: Ask, kind: manual-intervention, properties: {instructions: "Fine?"}}
"""


def test_a_plan_shows_whom_it_asks_and_what_it_leaves_out(house: House, fairlead: Callable[..., Said]) -> None:
    house.add_project("books")
    Path("look.yml").write_text(TEXT.rstrip() + MORE)
    of = ("-p", "books")
    assert fairlead("runbooks", "set", "Look", "--process", "look.yml", *of).code == 0
    assert fairlead("runbooks", "publish", "Look", *of).code == 0
    told = fairlead("runbooks", "plan", "Look", "-e", "Test", *of).out
    for line in (
        "Only live (skipped: it is only for Production)",
        "  Live: skipped, it is only for Production",
        "  a person is asked: Ask",
    ):
        assert line in told.splitlines(), told
