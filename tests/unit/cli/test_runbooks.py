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
