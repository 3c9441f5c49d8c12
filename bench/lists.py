"""The dashboard and every list of a large house, by page and by API: how long an answer takes, the slowest hundredth.

python bench/lists.py [--projects 1000] [--environments 10] [--deployments 100000] [--samples 100] [--on KIND …]

A whole server as an operator runs it, its books on SQLite, then on PostgreSQL, asked over loopback by one client, one
request after another, pages with a session and the API with a key; for each list the first part, a part from its
middle, and parts of a project or environment. The figure is the largest p99 of all of them. Beside it the time of the
server's processor for one answer of the list that needs most, which what else a machine does does not change much.
"""

from __future__ import annotations

import argparse
import gc
import http.client
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import httpx2

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.journey.whole_server import API_KEY, WholeServer
from tests.postgres import private_postgres
from tests.unit.server.crowd import Size, fill

from bench.at_rest import cpu_s
from bench.results import Row, at, record
from fairlead.adapters.system import SystemClock, SystemIds
from fairlead.domain.user import Session
from fairlead.store import passwords, users
from fairlead.store.database import Database, sqlite_url
from fairlead.testing.free_ports import free_ports_of_this_process

MOST_MS = 100.0
API = "/api/v1"
KINDS = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
DISCARDED = 3
"""The first answers of a list are not counted: a page that nobody ever opened reads its template."""


@contextmanager
def served(kind: str, size: Size) -> Iterator[tuple[WholeServer, str]]:
    """A server whose books hold that many, and the cookie of its administrator."""
    with ExitStack() as held:
        settings = {}
        if kind == "postgres":
            settings["FAIRLEAD_DATABASE_URL"] = held.enter_context(_postgres())
        server = WholeServer(settings=settings)
        held.callback(server.close)
        server.start()
        server.stop()  # SQLite's file has one writer; and what starts then finds its books as large as they are
        database = Database(settings.get("FAIRLEAD_DATABASE_URL") or sqlite_url(server.data_dir / "fairlead.db"))
        clock, ids = SystemClock(), SystemIds()
        fill(database, ids, clock.now(), size)
        cookie = _session(database, clock, ids)
        _settle(database)
        database.close()
        server.start()
        yield server, cookie


def _settle(database: Database) -> None:
    """What PostgreSQL does by itself within a minute: books that grew in time are known to its planner. Until then each
    dashboard took a tenth of a second of its processor."""
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM (ANALYZE)")


@contextmanager
def _postgres() -> Iterator[str]:
    import psycopg

    with private_postgres(free_ports_of_this_process()(), settings=()) as running:
        with psycopg.connect(running.url("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE lists")
        yield running.url("lists")


def _session(database: Database, clock: SystemClock, ids: SystemIds) -> str:
    cookie, now = secrets.token_urlsafe(32), clock.now()
    with database.transaction() as connection:
        user, hashed = users.by_name(connection, "admin"), passwords.hash_token(cookie)
        until = now + timedelta(hours=3)
        users.insert_session(
            connection, Session(ids.new("ses"), user.id, hashed, secrets.token_urlsafe(24), now, until)
        )
    return cookie


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
        "variables": lambda number: f"{API}/projects/{project(number)}/variables",
        "variables, page": lambda number: f"/projects/{project(number)}/variables",
        "targets": lambda _: f"{API}/targets",
        "targets, page": lambda _: "/targets",
        "tenants": lambda _: f"{API}/tenants",
        "tenants, page": lambda _: "/tenants",
        "environments": lambda _: f"{API}/environments",
        "a place": lambda number: f"/projects/{project(number)}/environments/{place}",
    }
    for path, after in deep.items():
        found[f"{path[1:]}, from the middle"] = lambda _, path=path, after=after: f"{API}{path}?after={after}"
    return found


def measured(client: httpx2.Client, pid: int, ask: Callable[[int], str], samples: int) -> tuple[list[float], float]:
    """Milliseconds of each answer, and those of the server's processor for one of them."""
    taken = []
    worked = 0.0
    for number in range(-DISCARDED, samples):
        if number == 0:
            worked = cpu_s(pid)
        begun = perf_counter()
        answer = client.get(ask(max(0, number)))
        spent = (perf_counter() - begun) * 1000
        assert answer.status_code == http.client.OK, f"{answer.request.url}: {answer.status_code} {answer.text[:300]}"
        if number >= 0:
            taken.append(spent)
    return taken, (cpu_s(pid) - worked) * 1000 / samples


def rows(kind: str, size: Size, samples: int) -> Iterator[Row]:
    """The figures of one kind of database."""
    what = f"{size.projects:,} projects x {size.environments} environments x {size.deployments:,} deployments, {kind}"
    figures: dict[str, float] = {}
    worked: dict[str, float] = {}
    with served(next(key for key, name in KINDS.items() if name == kind), size) as (server, cookie):
        assert server.child is not None
        headers, cookies = {"Authorization": f"Bearer {API_KEY}"}, {"fairlead_session": cookie}
        base = f"http://127.0.0.1:{server.port}"
        gc.collect()
        gc.freeze()  # or the client would look through all that made the books, in the middle of an answer
        with httpx2.Client(base_url=base, headers=headers, cookies=cookies, timeout=60) as client:
            for name, ask in lists(client, size).items():
                taken, worked[name] = measured(client, server.child.pid, ask, samples)
                figures[name] = at(taken, 0.99)
                print(
                    f"  {name:<36} p50 {at(taken, 0.5):7.1f} ms  p99 {figures[name]:7.1f} ms"
                    f"  processor {worked[name]:6.1f} ms",
                    flush=True,
                )
    slowest = max(figures, key=lambda name: figures[name])
    for title, figure in (
        (f"lists, {what}: slowest p99", figures[slowest]),
        (f"dashboard, {what}: p99", figures["dashboard"]),
        (f"dashboard by API, {what}: p99", figures["status"]),
    ):
        yield Row(title, round(figure, 1), "ms", f"<= {MOST_MS:g}", figure <= MOST_MS)
    yield Row(f"lists, {what}: most processor time of an answer", round(max(worked.values()), 1), "ms")
    yield Row(f"lists, {what}: how many were asked for", len(figures), "lists")
    print(f"the slowest is: {slowest}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--projects", type=int, default=1_000)
    parser.add_argument("--environments", type=int, default=10)
    parser.add_argument("--deployments", type=int, default=100_000)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--on", nargs="+", choices=KINDS, default=list(KINDS))
    arguments = parser.parse_args()
    size = Size(arguments.projects, arguments.environments, arguments.deployments, targets=500, tenants=500)
    kinds: Sequence[str] = arguments.on
    for kind in kinds:
        record(list(rows(KINDS[kind], size, arguments.samples)))


if __name__ == "__main__":
    main()
