"""Step templates on the command line: saved, used by a process, moved as the plan says, removed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.unit.cli.conftest import Said
from tests.unit.server.house import House

ONE = """\
description: dumps a database
kind: script
properties: {script: "dump #{Database}"}
parameters: [{name: Database}]
"""
PROCESS = """\
steps:
  - name: Back up
    actions:
      - name: Back up
        template: {name: Dump, version: 1, parameters: {Database: books}}
"""


def test_a_template_is_saved_used_moved_and_removed(house: House, fairlead: Callable[..., Said]) -> None:
    house.add_project("books")
    of = ("-p", "books")
    Path("one.yml").write_text(ONE)
    Path("two.yml").write_text(ONE.replace("dump #", "dump -h #{Host} #").replace("[{", "[{name: Host}, {"))
    Path("process.yml").write_text(PROCESS)
    assert fairlead("process", "set", "process.yml", *of).code == 5, "there is no such template yet"
    made = fairlead("step-templates", "set", "Dump", "one.yml")
    assert (made.code, "version 1" in made.out) == (0, True), made
    assert "nothing uses it" in fairlead("step-templates", "move", "Dump", "--plan").err
    assert fairlead("process", "set", "process.yml", *of).code == 0
    shown = fairlead("-o", "json", "process", "show", *of).data["steps"][0]["actions"][0]
    assert shown["kind"] == "script"
    assert shown["template"] == {"name": "Dump", "version": 1, "parameters": {"Database": "books"}}
    assert "template:" in fairlead("process", "show", *of).out
    assert "Database" in fairlead("step-templates", "show", "Dump").out
    assert fairlead("step-templates", "set", "Dump", "two.yml").code == 0
    assert "dumps a database" in fairlead("step-templates", "list").out
    assert [one["version"] for one in fairlead("-o", "json", "step-templates", "versions", "dump").data] == [2, 1]
    [user] = fairlead("-o", "json", "step-templates", "users", "Dump").data
    assert (user["user"], user["version"], user["missing"]) == ("books", 1, ["Host"])
    plan = fairlead("step-templates", "move", "Dump", "--plan")
    assert (plan.code, "--set Host" in plan.out) == (3, True), plan
    assert fairlead("step-templates", "move", "Dump", "--yes").code == 2
    done = fairlead("step-templates", "move", "Dump", "--user", "books", "--set", "Host=db", "--yes")
    assert (done.code, "1 use to version 2" in done.out) == (0, True), done
    assert fairlead("step-templates", "move", "Dump", "--plan").code == 0
    assert fairlead("step-templates", "move", "Dump", "--to", "1", "--yes").code == 0
    assert fairlead("step-templates", "remove", "Dump").code == 1
    Path("none.yml").write_text("steps: []\n")
    assert fairlead("process", "set", "none.yml", *of).code == 0
    assert fairlead("step-templates", "remove", "Dump", "--version", "1").code == 0
    assert fairlead("step-templates", "remove", "Dump").code == 0
    assert fairlead("step-templates", "show", "Dump").code == 5
