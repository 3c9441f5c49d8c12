"""The programs that measure run: what they measure is asked of `make bench`, whether they can is asked here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.mark.parametrize(
    ("program", "figure"),
    [
        ("orchestration.py --steps 2 --targets 2 --tasks 20 --projects 4", "queue: tasks that ended"),
        ("switch.py --switches 5 --quiet", "switch: failed requests beside it"),
        ("lists.py --on sqlite --projects 2 --environments 2 --deployments 20 --samples 1", "lists, 2 projects"),
    ],
)
def test_a_program_that_measures_comes_to_its_end(
    program: str, figure: str, haproxy_binary: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results.json"
    settings = {**os.environ, "FAIRLEAD_BENCH_RESULTS": str(results)}
    name, *arguments = program.split()
    command = [sys.executable, str(BENCH / name), *arguments]
    ran = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr[-2000:]
    rows = json.loads(results.read_text())
    assert any(row["name"].startswith(figure) for row in rows), sorted(row["name"] for row in rows)
