"""Runs the benches and writes bench/results.json. `make bench`; ARGS="--quick", or names of benches.

python bench/run.py [--quick] [NAME …]

Each bench is a program of its own, run alone, one after another. The exit code is 1 where one could not be run; a
figure that does not reach what it should is shown, and is no failure: see docs/reference/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.results import RESULTS, Row, record

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Bench:
    """One program, and what it is told when there is little time."""

    program: str
    says: str
    arguments: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()


BENCHES = {
    "switch": Bench("switch.py", "the switch against one open socket", (), ("--switches", "60")),
    "deployment": Bench(
        "whole_deployment.py", "a whole deployment against a script", ("--pairs", "41"), ("--pairs", "3")
    ),
    "under-load": Bench(
        "switches_under_load.py",
        "failed requests over switches",
        ("--switches", "200", "--requests", "1000000"),
        ("--switches", "20", "--requests", "20000"),
    ),
    "comparison": Bench(
        "comparison.py", "the same swap as others do it", ("--swaps", "8", "--readme"), ("--swaps", "2")
    ),
    "variables": Bench("variables.py", "many variables, and a long file", (), ("--rounds", "1")),
    "push-to-live": Bench("push_to_live.py", "the example, from a push to Production"),
    "lists": Bench(
        "lists.py",
        "the dashboard and every list of a large house",
        (),
        ("--projects", "50", "--deployments", "5000", "--samples", "5"),
    ),
    "orchestration": Bench(
        "orchestration.py",
        "a long process, and a thousand deployments queued at once",
        (),
        ("--steps", "20", "--targets", "10", "--tasks", "100", "--projects", "5"),
    ),
    "crash-sweep": Bench("crash_sweep.py", "killed at every effect of every strategy", (), ("--fakes",)),
    "at-rest": Bench(
        "at_rest.py",
        "a server with nothing to do",
        ("--seconds", "20", "--deployments", "500"),
        ("--seconds", "5", "--deployments", "10"),
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; all without one")
    parser.add_argument("--quick", action="store_true", help="little of each: the figures say little")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BENCHES)
    if unknown:
        parser.error(f"no bench is called {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    new = RESULTS.with_suffix(".run")
    new.unlink(missing_ok=True)
    could_not = []
    for name in arguments.names or BENCHES:
        if not _run(name, BENCHES[name], new, is_quick=arguments.quick):
            could_not.append(name)
    rows = [Row(**row) for row in json.loads(new.read_text())] if new.exists() else []
    new.unlink(missing_ok=True)
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}\n")
    record([*rows, Row("machine: cores", os.cpu_count() or 0, "cores")])
    missed = [row.name for row in rows if row.holds is False]
    print(f"\nwrote {RESULTS}; {len(rows)} figures, {len(missed)} below what they should reach")
    for name in could_not:
        print(f"{name} could not be run", file=sys.stderr)
    return 1 if could_not else 0


def _run(name: str, bench: Bench, results: Path, *, is_quick: bool) -> bool:
    print(f"── {name}: {bench.says}", flush=True)
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, HERE / bench.program, *(bench.quick if is_quick else bench.arguments)],
        env=os.environ | {"FAIRLEAD_BENCH_RESULTS": str(results)},
    )
    print(f"   {time.monotonic() - begun:.0f} s", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
