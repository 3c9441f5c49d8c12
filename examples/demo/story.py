"""The story: five ways through Production under load, each watched from outside."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from house import PRODUCTION_HOST, PROJECT, TEST_HOST, House, HouseError
from observe import capture, differences
from told import Told

TASK_BOUND_S = 900.0
LOAD_BOUND_S = 1800
WATCH_S = 0.02
EXPECTED = {
    "v1": ("live", True),
    "v2": ("live", True),
    "v3": ("rolled_back", False),
    "v4": ("rolled_back", True),
    "rollback to v1": ("live", True),
}
"""How each way through Production must end, and whether users may have seen it."""


@dataclass
class Watch:
    """Asks the proxy every 20 ms where the route's requests go, and keeps what changed."""

    house: House
    host: str
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self.seen = [self._now()]
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def switched(self) -> bool:
        """Whether the route ever pointed elsewhere than at the beginning."""
        return len(self.seen) > 1

    def _now(self) -> str:
        return "; ".join(self.house.proxy.routes(self.host))

    def _look(self) -> None:
        while not self._stop.wait(WATCH_S):
            try:
                now = self._now()
            except OSError:
                continue
            if now != self.seen[-1]:
                self.seen.append(now)


class Load:
    """Visitors from another process; never paused. `end` says what came of it."""

    def __init__(self, root: Path, url: str, port: int) -> None:
        command = [
            sys.executable, str(root / "bench" / "load.py"), url, "--connect", f"127.0.0.1:{port}",
            "--seconds", str(LOAD_BOUND_S), "--kept", "14", "--rate", "16", "--fresh", "6", "--fresh-rate", "10",
            "--slow", "4", "--path", "/", "--path", "/healthz", "--path", "/entries.json", "--mark", "x-guestbook-version",
            "--progress", "--json", "-",
        ]  # fmt: skip
        self._child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.requests = self.failed = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def end(self) -> dict[str, Any]:
        self._child.send_signal(signal.SIGINT)
        assert self._child.stdout is not None
        said = self._child.stdout.read()
        self._child.wait(60)
        return json.loads(said)

    def kill(self) -> None:
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()

    def _read(self) -> None:
        assert self._child.stderr is not None
        for line in self._child.stderr:
            try:
                told = json.loads(line)
            except ValueError:
                continue
            self.requests, self.failed = told["requests"], told["failed"]


class Story:
    """Played once."""

    def __init__(self, house: House, told: Told, *, requests: int) -> None:
        self._house = house
        self._told = told
        self._requests = requests
        self._entries: list[dict[str, Any]] = []
        self._differences: list[str] = []
        self._versions: dict[str, str] = {}
        self._load: dict[str, Any] = {}
        self._live: dict[str, str] = {}

    def play(self) -> dict[str, Any]:
        """All of it; the facts."""
        self._first()
        self._told.head("Visitors come: kept, fresh and slow connections, from now on and without a pause")
        load = Load(self._house._root, self._house.production_url, self._house.proxy_port)
        try:
            for version, words in (
                ("v2", "a new feature, blue-green"),
                ("v3", "passes in Test, fails before the switch with Production's configuration"),
                ("v4", "passes in Test, has a fault that only Production's last test sees"),
            ):
                self._told.head(f"{version}: {words}")
                self._push(version)
                self._through_production(version, load)
            self._told.head("A person goes back to v1: fairlead rollback")
            self._roll_back(load)
            self._until(lambda: load.requests >= self._requests, "enough requests", bound_s=600)
            self._load = load.end()
        finally:
            load.kill()
        self._live = {"Test": self._served(TEST_HOST), "Production": self._served(PRODUCTION_HOST)}
        return self.facts()

    def facts(self) -> dict[str, Any]:
        """As `--json` writes them."""
        return {
            "requests": self._load["requests"],
            "failed": self._load["failed"],
            "cut": sum(entry.pop("cut", 0) for entry in self._entries),
            "deployments": self._entries,
            "live_at_end": self._live,
            "differences_after_rollback": len(self._differences),
            "load": {name: self._load[name] for name in ("failures", "kinds", "versions", "latency_ms", "per_second")},
        }

    def problems(self) -> list[str]:
        """What did not hold; empty where all did."""
        found = [f"difference after a rollback: {one}" for one in self._differences]
        if self._load["failed"]:
            found.append(
                f"{self._load['failed']} requests failed: {self._load['failures']} {self._load['particulars'][:3]}"
            )
        if self._load["requests"] < self._requests:
            found.append(f"only {self._load['requests']} requests were made, {self._requests} were meant")
        ways = [entry for entry in self._entries if entry["environment"] == "Production"]
        for entry, (name, (outcome, switched)) in zip(ways, EXPECTED.items(), strict=False):
            if (entry["outcome"], entry["switched"]) != (outcome, switched):
                found.append(f"{name} in Production: {entry}, expected {outcome}, switched {switched}")
        if len(ways) != len(EXPECTED):
            found.append(f"{len(ways)} deployments to Production, expected {len(EXPECTED)}")
        if self._live != {"Test": "v4", "Production": "v1"}:
            found.append(f"live at the end: {self._live}, expected v4 in Test and v1 in Production")
        return found

    def table(self) -> None:
        """What happened, in a table."""
        self._told.head("What happened")
        rows = [("", "environment", "outcome", "seen by users", "seconds", "reason")]
        for entry in self._entries:
            seen = "yes" if entry["switched"] else "never"
            what = f"{entry['version']} (rollback)" if entry["kind"] == "rollback" else entry["version"]
            rows.append(
                (what, entry["environment"], entry["outcome"], seen, f"{entry['seconds']:.1f}", entry["reason"][:200])
            )
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        load = self._load
        latency = load["latency_ms"]
        print(
            f"\n  {load['requests']:,} requests, {load['failed']} failed; median {latency['p50']} ms, "
            f"99th percentile {latency['p99']} ms; {len(self._differences)} differences after what came back\n"
        )

    def _first(self) -> None:
        self._told.head("v1: the first push")
        self._push("v1")
        self._through_production("v1", None)
        self._told.good(f"the guest book is at {self._house.production_url}")

    def _push(self, version: str) -> None:
        began = time.monotonic()
        known = {run["id"] for run in self._house.api("GET", f"/projects/{PROJECT}/runs")["items"]}
        self._house.push(version)
        self._told.say(f"pushed {version}")
        run = self._await(lambda: self._new_run(known), f"a run for {version}")
        self._follow(run["task"])
        run = self._house.api("GET", f"/runs/{run['id']}")
        if run["state"] != "succeeded":
            raise HouseError(f"the run of {version} ended {run['state']}: {run['reason']}")
        releases = self._house.api("GET", f"/projects/{PROJECT}/releases")["items"]
        made = next(release["version"] for release in releases if release["id"] == run["release"])
        self._versions[made] = version
        self._told.good(f"release {made} of {version} after {time.monotonic() - began:.1f} s: built, tested, pushed")
        self._in_test(version, made)

    def _new_run(self, known: set[str]) -> dict[str, Any] | None:
        runs = self._house.api("GET", f"/projects/{PROJECT}/runs")["items"]
        return next((run for run in runs if run["id"] not in known and run["task"]), None)

    def _in_test(self, version: str, release: str) -> None:
        deployment = self._await(lambda: self._deployment(release, "Test"), f"the deployment of {release} to Test")
        with Watch(self._house, TEST_HOST) as watch:
            ended = self._ended(deployment)
        self._keep(version, ended, switched=watch.switched or ended["switched"])
        if ended["outcome"] != "live":
            raise HouseError(f"{version} in Test: {ended['outcome']}: {ended['reason']}")
        self._told.good(f"{version} is live in Test")

    def _through_production(self, version: str, load: Load | None) -> None:
        release = next(name for name, meant in self._versions.items() if meant == version)
        deployment = self._await(lambda: self._waiting(release), f"the approval of {release} for Production")
        before = self._capture()
        with Watch(self._house, PRODUCTION_HOST) as watch:
            self._house.api("POST", f"/approvals/{deployment['approval']}/approve", {"note": "the demo says yes"})
            self._told.say(f"approved {version} for Production")
            ended = self._ended(deployment)
        self._keep(version, ended, switched=watch.switched)
        self._tell_end(version, ended, load)
        if ended["outcome"] != "live":
            self._compare(version, before)

    def _roll_back(self, load: Load) -> None:
        with Watch(self._house, PRODUCTION_HOST) as watch:
            target = next(name for name, meant in self._versions.items() if meant == "v1")
            self._house.command("rollback", "--environment", "Production", "--to", target, "--no-wait")
            deployment = self._await(lambda: self._deployment(target, "Production", kind="rollback"), "the rollback")
            ended = self._ended(deployment)
        self._keep("v1", ended, switched=watch.switched)
        self._tell_end("v1", ended, load)

    def _capture(self) -> dict[str, Any]:
        house = self._house
        return capture(house.engine, house.proxy, PROJECT, "Production", PRODUCTION_HOST)

    def _compare(self, version: str, before: dict[str, Any]) -> None:
        found = differences(before, self._capture())
        self._differences += [f"{version}: {one}" for one in found]
        if not found:
            self._told.good(
                "the engine and the proxy say: all is as it was before, the same containers, nothing left over"
            )

    def _tell_end(self, version: str, ended: dict[str, Any], load: Load | None) -> None:
        visitors = f"; {load.requests:,} requests so far, {load.failed} failed" if load else ""
        if ended["outcome"] == "live":
            self._told.good(f"{version} is live in Production{visitors}")
        else:
            self._told.back(f"{version} came back: {ended['reason']}{visitors}")

    def _keep(self, version: str, ended: dict[str, Any], *, switched: bool) -> None:
        task = self._house.api("GET", f"/tasks/{ended['task']}")
        facts = [fact for name, fact in task["facts"].items() if name.startswith("drained:")]
        entry = {
            "version": version,
            "release": ended["version"],
            "environment": ended["environment"],
            "kind": ended["kind"],
            "outcome": ended["outcome"],
            "reached": ended["reached"],
            "switched": switched,
            "reason": ended["reason"],
            "seconds": round(_seconds(task["begun_at"], task["ended_at"]), 2),
            "cut": sum(fact.get("cut", 0) for fact in facts),
        }
        self._entries.append(entry)

    def _deployment(self, release: str, environment: str, kind: str = "deployment") -> dict[str, Any] | None:
        found = self._house.api("GET", f"/deployments?project={PROJECT}&environment={environment}")["items"]
        return next((one for one in found if one["version"] == release and one["kind"] == kind and one["task"]), None)

    def _waiting(self, release: str) -> dict[str, Any] | None:
        found = self._house.api("GET", "/approvals?state=waiting")["items"]
        asked = next((one for one in found if one["version"] == release), None)
        return None if asked is None else {"id": asked["deployment"], "approval": asked["id"]}

    def _ended(self, deployment: dict[str, Any]) -> dict[str, Any]:
        def task() -> Any:
            return self._house.api("GET", f"/deployments/{deployment['id']}")["task"]

        self._follow(self._await(task, "the deployment's task"))
        return self._await(self._over(deployment["id"]), "the deployment's end")

    def _over(self, id: str) -> Any:
        def look() -> dict[str, Any] | None:
            found = self._house.api("GET", f"/deployments/{id}")
            return found if found["state"] == "ended" else None

        return look

    def _follow(self, task: str) -> None:
        """Tells each phase as it ends, until the task has."""
        told: set[str] = set()
        deadline = time.monotonic() + TASK_BOUND_S
        while time.monotonic() < deadline:
            found = self._house.api("GET", f"/tasks/{task}")
            for phase in found["phases"]:
                if phase["state"] in ("done", "failed") and phase["name"] not in told:
                    told.add(phase["name"])
                    took = _seconds(phase["begun_at"], phase["ended_at"]) if phase["begun_at"] else 0.0
                    mark = "✘" if phase["state"] == "failed" else "·"
                    self._told.say(f"    {mark} {phase['title']} ({took:.1f} s)")
            if found["has_ended"] or found["state"] == "unsettled":
                return
            time.sleep(0.15)
        raise HouseError(f"task {task} did not end within {TASK_BOUND_S:g} s")

    def _await(self, look: Any, what: str, *, bound_s: float = 120.0) -> Any:
        deadline = time.monotonic() + bound_s
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.1)
        raise HouseError(
            f"waited {bound_s:g} s for {what} in vain; the server's log: {self._house.data_dir / 'server.log'}"
        )

    def _until(self, holds: Any, what: str, *, bound_s: float) -> None:
        self._await(lambda: holds() or None, what, bound_s=bound_s)

    def _served(self, host: str) -> str:
        """Which version answers there, by its own word."""
        connection = http.client.HTTPConnection("127.0.0.1", self._house.proxy_port, timeout=10)
        try:
            connection.request("GET", "/healthz", headers={"Host": host})
            return f"v{connection.getresponse().getheader('X-Guestbook-Version')}"
        finally:
            connection.close()


def _seconds(begun: str, ended: str) -> float:
    from datetime import datetime

    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()
