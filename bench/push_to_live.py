"""From a push to live in Production, phase by phase: the demo's example, its images' layers in the cache.

python bench/push_to_live.py

The first version goes through to fill the caches; the second is measured. This program gives the approval at once.
"""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "examples" / "demo"))

from house import PROJECT, House
from told import Told

from bench.results import Row, record

ROOT = Path(__file__).resolve().parents[1]
LOOK_S = 0.03
BOUND_S = 300.0
NAME = "push to live"


def until(look: Callable[[], Any]) -> Any:
    """Asks until there is something."""
    deadline = time.monotonic() + BOUND_S
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(LOOK_S)
    raise RuntimeError(f"nothing came of it in {BOUND_S:g} s")


class Journey:
    """One version, from the push to its end in Production."""

    def __init__(self, house: House) -> None:
        self._api = house.api
        self._house = house

    def travel(self, version: str) -> dict[str, Any]:
        """Seconds in all, and the three tasks: run, Test, Production."""
        known = {run["id"] for run in self._runs()}
        begun = time.perf_counter()
        self._house.push(version)
        run = until(lambda: next((one for one in self._runs() if one["id"] not in known and one["release"]), None))
        seen = time.perf_counter()
        approval = until(self._waiting)
        self._api("POST", f"/approvals/{approval['id']}/approve", {"note": "measured"})
        ended = until(lambda: self._ended(approval["deployment"]))
        took_s = time.perf_counter() - begun
        if ended["outcome"] != "live":
            raise RuntimeError(f"{version}: {ended}")
        found = self._api("GET", f"/deployments?project={PROJECT}&environment=Test")["items"]
        test = next(one for one in found if one["version"] == ended["version"])
        tasks = {"run": run["task"], "Test": test["task"], "Production": ended["task"]}
        return {"took_s": took_s, "release_s": seen - begun, "tasks": tasks}

    def _runs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._api("GET", f"/projects/{PROJECT}/runs")["items"]
        failed = [run for run in found if run["state"] == "failed"]
        if failed:
            raise RuntimeError(f"a run failed: {failed[0]['reason']}")
        return found

    def _waiting(self) -> dict[str, Any] | None:
        return next(iter(self._api("GET", "/approvals?state=waiting")["items"]), None)

    def _ended(self, deployment: str) -> dict[str, Any] | None:
        found: dict[str, Any] = self._api("GET", f"/deployments/{deployment}")
        return found if found["state"] == "ended" else None


def phase_rows(house: House, where: str, task: str) -> Iterator[Row]:
    """A row for each phase that took time, and one for the whole task."""
    found = house.api("GET", f"/tasks/{task}")
    yield Row(f"{NAME}: {where}, whole", seconds(found["begun_at"], found["ended_at"]), "s")
    for phase in found["phases"]:
        if phase["begun_at"] and phase["ended_at"]:
            yield Row(f"{NAME}: {where}, {phase['name']}", seconds(phase["begun_at"], phase["ended_at"]), "s")


def seconds(begun: str, ended: str) -> float:
    return round((datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds(), 3)


def main() -> None:
    house = House(ROOT, None, Told())
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            house.open()
        journey = Journey(house)
        journey.travel("v1")
        told = journey.travel("v2")
        rows = [Row(f"{NAME}: the push until live in Production", round(told["took_s"], 2), "s")]
        rows += [Row(f"{NAME}: the push until the release is made", round(told["release_s"], 2), "s")]
        for where, task in told["tasks"].items():
            rows += phase_rows(house, where, task)
    finally:
        with contextlib.redirect_stdout(io.StringIO()):
            house.close()
    record(rows)


if __name__ == "__main__":
    main()
