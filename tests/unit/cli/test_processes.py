"""`fairlead process`: what is shown can be set again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.unit.cli.conftest import Said
from tests.unit.server.house import House

Run = Callable[..., Said]
TEXT = "steps:\n  - name: Deploy\n    actions:\n      - name: Deploy\n        kind: deploy-services\n"


def test_a_file_is_set_and_shown_as_it_was(house: House, fairlead: Run, tmp_path: Path) -> None:
    house.add_project("books")
    (tmp_path / "process.yaml").write_text(TEXT)
    assert "no process of its own" in fairlead("process", "show", "-p", "books").err
    said = fairlead("process", "set", "process.yaml", "-p", "books", "--revision", "0")
    assert (said.code, said.out) == (0, "books has a process of 1 step from its next release on (revision 1)\n"), said
    assert fairlead("process", "show", "-p", "books").out == TEXT
    assert fairlead("-o", "json", "process", "show", "-p", "books").data["revision"] == 1


CONDITIONAL = """steps:
  - name: Look
    actions: [{name: Look, kind: http-check, properties: {url: "http://localhost/"}}]
  - name: Tidy
    condition: failure
    actions: [{name: Tidy, kind: http-check, properties: {url: "http://localhost/"}}]
"""


def test_a_plan_says_which_steps_are_left_out_and_which_run_only_on_a_condition(
    house: House, fairlead: Run, tmp_path: Path
) -> None:
    house.add_project("books")
    (tmp_path / "process.yaml").write_text(CONDITIONAL)
    fairlead("process", "set", "process.yaml", "-p", "books")
    fairlead("release", "create", "--without-files", "-p", "books")
    said = fairlead("plan", "1.0.0", "-e", "Test", "-p", "books", "--skip", "Look")
    assert "Look (skipped: somebody chose to skip it)" in said.out, said
    assert "Tidy (only if something before it failed)" in said.out


def test_a_file_that_is_wrong_is_refused_with_its_place(house: House, fairlead: Run, tmp_path: Path) -> None:
    house.add_project("books")
    (tmp_path / "process.yaml").write_text(TEXT.replace("kind:", "knid:"))
    said = fairlead("process", "set", "process.yaml", "-p", "books")
    assert (said.code, "process.yaml:5:9" in said.err) == (2, True), said
    assert fairlead("process", "set", "nowhere.yaml", "-p", "books").code == 2
    (tmp_path / "process.yaml").write_text(TEXT)
    assert fairlead("process", "set", "process.yaml", "-p", "books", "--revision", "7").code == 1


def test_kinds_are_listed_and_shown_in_full(house: House, fairlead: Run) -> None:
    assert "deploy-services" in fairlead("process", "kinds").out
    assert '"type": "object"' in fairlead("process", "kinds", "deploy-services").out
    assert fairlead("process", "kinds", "fax").code == 2
