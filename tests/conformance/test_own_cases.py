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
