"""The dashboard and every list of a large house, by page and by API: how long an answer takes, the slowest hundredth.

python bench/lists.py [--projects 1000] [--environments 10] [--deployments 100000] [--samples 100]

The whole application on SQLite behind its web server, asked over loopback by one client, one request after another;
for each list the first part, a part from its middle, and parts of a project or environment. The figure is the largest
p99 of all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import uvicorn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.unit.server.crowd import Size, fill
from tests.unit.server.house import House

from bench.results import Row, at, record
from fairlead.server.app import create
from fairlead.testing.free_ports import free_ports_of_this_process
from fairlead.usecases import access

MOST_MS = 100.0
KEY = "flk_a-key-for-the-bench"
API = "/api/v1"


@contextmanager
def served(house: House) -> Iterator[str]:
    """The application behind its web server, in a thread; its address."""
    port = free_ports_of_this_process()()
    config = uvicorn.Config(create(house.life), host="127.0.0.1", port=port, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def lists(client: httpx2.Client, size: Size) -> dict[str, Callable[[int], str]]:
    """What is asked: name → the address of the nth sample."""

    def middle(path: str) -> str:
        """The cursor of a part in the middle of a list: some parts in."""
        after = ""
        for _ in range(8):
            after = (
                client.get(path, params={"limit": 500, **({"after": after} if after else {})}).json()["next"] or after
            )
        return after

    def project(number: int) -> str:
        return f"project-{number * 37 % size.projects:04}"

    place = "Test"
    deep = {path: middle(f"{API}{path}") for path in ("/deployments", "/tasks", "/events")}
    found: dict[str, Callable[[int], str]] = {
        "dashboard": lambda _: "/",
        "dashboard, a later part": lambda number: f"/?after={project(number)}",
        "dashboard, searched": lambda number: f"/?search={project(number)}",
        "grid": lambda _: "/grid",
        "status": lambda _: f"{API}/status",
        "projects": lambda number: f"{API}/projects?after={project(number)}",
        "project, page": lambda number: f"/projects/{project(number)}",
        "project's lists, page": lambda number: f"/projects/{project(number)}/lists",
        "project's places, page": lambda number: f"/projects/{project(number)}/places",
        "releases": lambda number: f"{API}/projects/{project(number)}/releases",
        "releases, page": lambda number: f"/projects/{project(number)}/releases",
        "runs": lambda number: f"{API}/projects/{project(number)}/runs",
        "deployments": lambda _: f"{API}/deployments",
        "deployments of a project": lambda number: f"{API}/deployments?project={project(number)}",
        "deployments of an environment": lambda _: f"{API}/deployments?environment={place}",
        "deployments rolled back": lambda _: f"{API}/deployments?outcome=rolled_back",
        "deployments of a project, page": lambda number: f"/projects/{project(number)}/deployments",
        "tasks": lambda _: f"{API}/tasks",
        "tasks that run": lambda _: f"{API}/tasks?state=running",
        "tasks of a project": lambda number: f"{API}/tasks?project={project(number)}",
        "tasks, page": lambda _: "/tasks",
        "approvals": lambda _: f"{API}/approvals",
        "approvals, page": lambda _: "/approvals",
        "approvals, count": lambda _: "/approvals/count",
        "events": lambda _: f"{API}/events",
        "events of a project": lambda number: f"{API}/events?project={project(number)}",
        "events, page": lambda _: "/events",
        "a place": lambda number: f"/projects/{project(number)}/environments/{place}",
    }
    for path, after in deep.items():
        found[f"{path[1:]}, from the middle"] = lambda _, path=path, after=after: f"{API}{path}?after={after}"
    return found


def measured(client: httpx2.Client, ask: Callable[[int], str], samples: int) -> list[float]:
    """Milliseconds of each answer; the first few are not counted."""
    taken = []
    for number in range(-3, samples):
        begun = time.perf_counter()
        answer = client.get(ask(max(0, number)))
        spent = (time.perf_counter() - begun) * 1000
        assert answer.status_code == 200, f"{answer.request.url}: {answer.status_code} {answer.text[:300]}"
        if number >= 0:
            taken.append(spent)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--projects", type=int, default=1_000)
    parser.add_argument("--environments", type=int, default=10)
    parser.add_argument("--deployments", type=int, default=100_000)
    parser.add_argument("--samples", type=int, default=100)
    arguments = parser.parse_args()
    size = Size(arguments.projects, arguments.environments, arguments.deployments)
    figures: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        access.set_up(house.context, name="admin", api_key=KEY)
        fill(house.context.database, house.ids, house.clock.now(), size)
        cookies = {"fairlead_session": house.open_session("admin")}
        headers: dict[str, Any] = {"Authorization": f"Bearer {KEY}"}
        with served(house) as url, httpx2.Client(base_url=url, headers=headers, cookies=cookies, timeout=60) as client:
            for name, ask in lists(client, size).items():
                figures[name] = measured(client, ask, arguments.samples)
                print(
                    f"  {name:<40} p50 {at(figures[name], 0.5):7.1f} ms  p99 {at(figures[name], 0.99):7.1f} ms",
                    flush=True,
                )
        house.close()
    slowest = max(figures, key=lambda name: at(figures[name], 0.99))
    worst = at(figures[slowest], 0.99)
    what = f"{size.projects:,} projects x {size.environments} environments x {size.deployments:,} deployments"
    record(
        [
            Row(f"lists, {what}: slowest p99", round(worst, 1), "ms", f"<= {MOST_MS:g}", worst <= MOST_MS),
            Row(
                f"dashboard, {what}: p99",
                round(at(figures["dashboard"], 0.99), 1),
                "ms",
                f"<= {MOST_MS:g}",
                at(figures["dashboard"], 0.99) <= MOST_MS,
            ),
            Row("lists: how many were asked for", len(figures), "lists"),
        ]
    )
    print(f"the slowest is: {slowest}")


if __name__ == "__main__":
    main()
