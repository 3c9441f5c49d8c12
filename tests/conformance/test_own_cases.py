"""Our own cases of the rules hold, and the program that judges cases says so when one does not."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conformance.running import SHAPES, run

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_every_case_holds(file: Path) -> None:
    out = io.StringIO()
    count = run([file], out)
    assert count.is_clean, out.getvalue()
    assert count.passed > 0


def test_a_folder_stands_for_the_files_of_cases_in_it() -> None:
    in_folder, one_by_one = io.StringIO(), io.StringIO()
    assert run([CASES[0].parent], in_folder).passed == run(CASES, one_by_one).passed > 0
    assert in_folder.getvalue() == one_by_one.getvalue()


def test_a_file_that_is_not_there_has_failed(tmp_path: Path) -> None:
    assert run([tmp_path / "none.json"], io.StringIO()).failed == 1


def test_every_shape_has_cases_of_our_own() -> None:
    files = [json.loads(file.read_text(encoding="utf-8")) for file in CASES]
    assert all(any(shape.fits(file) for file in files) for shape in SHAPES)


def test_a_wrong_expectation_fails_and_is_told(tmp_path: Path) -> None:
    case = {"name": "Wrong", "kind": "evaluate", "template": "#{A}", "variables": {"A": "1"}, "expected": "2"}
    (tmp_path / "wrong.json").write_text(json.dumps({"cases": [case]}))
    program = [sys.executable, "-m", "tests.conformance", tmp_path / "wrong.json"]
    told = subprocess.run(program, cwd=ROOT, capture_output=True, text=True)
    assert told.returncode == 1
    assert "FAILED: Wrong" in told.stdout and "'2'" in told.stdout and "came:     '1'" in told.stdout
    assert told.stdout.endswith("0 passed, 1 failed\n")


def test_a_case_of_an_unknown_form_fails_and_the_others_are_judged(tmp_path: Path) -> None:
    known = {"name": "Known", "kind": "evaluate", "template": "#{A}", "variables": {"A": "1"}, "expected": "1"}
    unknown = [{**known, "name": "Kind", "kind": "sing"}, {**known, "name": "Expected", "expected_colour": "red"}]
    version = {"name": "Version", "kind": "parse", "format": "octopus", "input": "1.0", "expected": {"Colour": "red"}}
    (tmp_path / "templates.json").write_text(json.dumps({"cases": [*unknown, known]}))
    (tmp_path / "versions.json").write_text(json.dumps({"cases": [version]}))
    out = io.StringIO()
    count = run([tmp_path / "templates.json", tmp_path / "versions.json"], out)
    assert (count.passed, count.failed) == (1, 3), out.getvalue()
    assert "not judged" in out.getvalue()


BROKEN = {
    "substitution": {"cases": [{"name": "T", "kind": "evaluate", "template": 1, "variables": {}, "expected": "1"}]},
    "versions": {"cases": [{"name": "V", "kind": "compare", "format": "octopus", "a": 1, "b": 2, "expected": 0}]},
    "structured": {"cases": [{"name": "S", "format": "json", "input": "gone", "variables": {}, "expected": None}]},
    "targets": {"meta": {"now": "2026-11-28T00:00:00"}, "entries": {}, "cases": [{"name": "R", "journal": ["gone"]}]},
    "messages": {"parse": [{"name": "M", "chunks": [1], "expected": []}], "format": []},
    "documented": {"scheduled_cron": [{"name": "C", "expr": 1, "next": []}]},
    "list": [1, {}],
}


def test_a_case_that_breaks_its_judge_fails_in_every_shape_and_ends_no_run(tmp_path: Path) -> None:
    for name, file in BROKEN.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(file))
    (tmp_path / "none.json").write_text("no JSON at all")
    out = io.StringIO()
    count = run([*(tmp_path / f"{name}.json" for name in [*BROKEN, "none"]), CASES[0]], out)
    assert count.failed == len(BROKEN) + 1, out.getvalue()
    assert out.getvalue().count("not judged") == len(BROKEN) - 1, out.getvalue()
    assert count.passed > 0


def test_a_file_of_something_else_is_left_out_and_alone_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "events.json").write_text(json.dumps({"events": [{"action": "push"}]}))
    out = io.StringIO()
    assert not run([tmp_path / "events.json"], out).is_clean
    assert run([tmp_path / "events.json", CASES[0]], out).is_clean
    assert out.getvalue().count("events.json: no known shape of cases, left out") == 2


def test_files_are_told_apart_by_any_of_their_cases_and_sections(tmp_path: Path) -> None:
    message = {"name": "M", "chunks": ["##octopus[foo]"], "expected": [{"name": "foo", "properties": {}}]}
    ordered = {"name": "V", "kind": "compare", "format": "octopus", "a": "1.0", "b": "2.0", "expected": -1}
    text = {"name": "T", "kind": "evaluate", "template": "a", "variables": {}, "expected": "a"}
    odd = {
        "messages": ({"parse": [message]}, (1, 0)),
        "versions": ({"cases": [{"name": "New", "kind": "sing"}, ordered]}, (1, 1)),
        "substitution": ({"cases": [{"name": "Odd"}, text]}, (1, 1)),
        "empty": ({"cases": []}, (0, 0)),
    }
    for name, (file, counts) in odd.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(file))
        count = run([tmp_path / f"{name}.json"], io.StringIO())
        assert ((count.passed, count.failed), count.left_out) == (counts, 0), name
