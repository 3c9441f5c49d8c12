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
    assert (made.code, "1 steps" in made.out) == (0, True), made
    assert "kind: script" in fairlead("runbooks", "show", "Look", *of).out
    assert fairlead("runbooks", "run", "Look", "-e", "Test", *of).code == 1
    assert fairlead("runbooks", "publish", "Look", *of).code == 0
    run = fairlead("-o", "json", "runbooks", "run", "Look", "-e", "Test", *of).data
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
