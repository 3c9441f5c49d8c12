"""A small server to look at: real books in a temporary database, the real application, still outside things.

`House` stands on SQLite; nothing runs in it by itself. What tasks do is played with `begin`, `walk`, `go_live` and
`end`, through the same store that the engine uses, so that rows look as they do in earnest.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.databases import new_sqlite

from fairlead.adapters.connections.ssh_keys import SshKeys
from fairlead.adapters.issuers import WebIssuers
from fairlead.adapters.system import SystemClock, SystemIds
from fairlead.adapters.web import HttpWeb
from fairlead.domain.actor import SYSTEM, Actor, permissions_of
from fairlead.domain.colour import Colour
from fairlead.domain.deployment import Deployment
from fairlead.domain.ids import ActorId, NodeId, TaskId
from fairlead.domain.permission import RoleName
from fairlead.domain.policy import SCRIPTS_AT_SERVER, Allowance
from fairlead.domain.release import Release
from fairlead.domain.slot import Slot, SlotState
from fairlead.domain.task import PhaseState, TaskState
from fairlead.domain.user import Session
from fairlead.engine.cancel import Cancels
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import (
    LABEL_COLOUR,
    LABEL_ENVIRONMENT,
    LABEL_PROJECT,
    LABEL_SERVICE,
    LABEL_VERSION,
    Container,
    Network,
    OutputLine,
    VolumeEntry,
)
from fairlead.ports.proxy import Endpoint, RouteSpec
from fairlead.ports.tasks import End, PhaseTold
from fairlead.server.app import routes_only
from fairlead.server.bootstrap import hosts_of
from fairlead.server.guard import Guard
from fairlead.server.settings import Settings
from fairlead.server.web import pages
from fairlead.store import (
    deployments,
    environments,
    passwords,
    policies,
    projects,
    releases,
    slots,
    tasks,
    users,
)
from fairlead.store.artifact_files import StoreArtifacts
from fairlead.store.database import Database
from fairlead.store.records import StoreRecords
from fairlead.store.sealing import Sealer
from fairlead.store.secrets import StoreSecrets
from fairlead.store.task_book import StoreTasks, TaskListener
from fairlead.store.task_log import StoreTaskLog
from fairlead.testing.container_world import ContainerWorld
from fairlead.testing.fake_catalogue import FakeCatalogue
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_durable import Disk, FakeDurable
from fairlead.testing.fake_notifier import FakeNotifier
from fairlead.testing.fake_proxy import FakeProxy, ProxyWorld
from fairlead.testing.fake_registry import FakeRegistries, FakeRegistry
from fairlead.testing.fake_source import FakeSource
from fairlead.usecases import access, first_start, following, foreseeing, planning
from fairlead.usecases import projects as projecting
from fairlead.usecases import releases as releasing
from fairlead.usecases.binding import Outside
from fairlead.usecases.context import Context, Installation

PASSWORD = "a long password"
ADMINISTRATOR = Actor(
    ActorId("usr-none"), "admin", "user", permissions_of(RoleName.ADMINISTRATOR), via="test", address="127.0.0.1"
)
DIGEST = "registry.test/books/web@sha256:" + "ab12" * 16
PROJECT_FILE = """\
project: {name}
services:
  web:
    image: {image}
    port: 8080
    replicas: 2
    standby: 10m
    environment: {{DB_HOST: "#{{Db.Host}}"}}
  worker: {{image: "{image}", strategy: recreate}}
  db: {{image: "{image}", accessory: true}}
"""


def wait_for(work: Coroutine[Any, Any, object]) -> None:
    """Runs it in a thread of its own, so that it also works under a loop that runs (Playwright's)."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, asyncio.wait_for(work, LONGEST_WORK_S)).result()


LONGEST_WORK_S = 60.0
"""What a house does for a test takes moments; a test that hangs says nothing."""


class StillDurable(FakeDurable):
    """A queue that nothing is taken from: `asked` names what would run, `resumed` what was taken up again."""

    def __init__(self) -> None:
        super().__init__(Disk())
        self.asked: list[TaskId] = []
        self.resumed: list[tuple[TaskId, int]] = []

    def enqueue(self, transaction: object, task: TaskId, *, again: int = 0) -> None:
        self.asked.append(task)

    async def resume(self, task: TaskId, *, again: int) -> None:
        self.resumed.append((task, again))

    def wake(self) -> None:
        return None


@dataclass
class StillEngine:
    """Containers as they were put here, each with what it wrote."""

    held: list[Container] = field(default_factory=list)
    written: dict[str, list[str]] = field(default_factory=dict)
    is_down: bool = False

    async def containers(self, labels: Mapping[str, str]) -> Sequence[Container]:
        if self.is_down:
            raise TimeoutError
        return [
            one
            for one in self.held
            if all(one.labels.get(key) == value or (key in one.labels and not value) for key, value in labels.items())
        ]

    async def running(self, labels: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
        return [one.labels for one in await self.containers(labels) if one.state == "running"]

    async def container(self, name: str) -> Container | None:
        return next((one for one in self.held if name in (one.name, one.id)), None)

    async def networks(self, labels: Mapping[str, str]) -> Sequence[Network]:
        return []

    async def volumes(self, labels: Mapping[str, str]) -> Sequence[VolumeEntry]:
        return []

    async def output(
        self, name: str, *, follow: bool = False, tail: int = 0, since: str = ""
    ) -> AsyncIterator[OutputLine]:
        for text in self.written.get(name, ()):
            yield OutputLine(text, "stdout")
        if follow:
            await asyncio.Event().wait()


class House:
    """All of it; `app` is the application. `close` when done."""

    def __init__(self, folder: Path, *, url: str = "http://127.0.0.1:8600") -> None:
        self.clock, self.ids = SystemClock(), SystemIds()
        database = Database(new_sqlite(folder))
        kept_secrets = StoreSecrets(database, Sealer(secrets.token_bytes(32)), self.ids)
        artifacts = StoreArtifacts(database, folder / "artifacts", self.clock)
        self.durable = StillDurable()
        self.context = Context(
            database, self.clock, self.ids, self.durable, kept_secrets, artifacts, Installation(url=url)
        )
        listener = TaskListener(
            changed=lambda connection, task: following.changed(self.context, connection, task),
            ended=lambda connection, task: following.ended(self.context, connection, task),
            paused=lambda connection, task, holds: following.paused(self.context, connection, task, holds=holds),
        )
        self.tasks = StoreTasks(database, self.clock, listener)
        self.task_log = StoreTaskLog(database, kept_secrets, self.clock)
        self.records = StoreRecords(database, self.clock, self.ids)
        self.engine, self.source = StillEngine(), FakeSource()
        self.catalogue = FakeCatalogue()
        self.proxy_world = ProxyWorld()
        self.proxy = FakeProxy(self.proxy_world, FakeClock())
        first_start.prepare(self.context, name="admin", password=PASSWORD)
        self.looked: list[tuple[str, str]] = []
        self.life = SimpleNamespace(server=self._server(folder, url), is_ready=True, look_soon=self._look_soon)
        self.app = routes_only()
        self.app.state.life = self.life
        pages.install(self.app)
        self.app.add_middleware(Guard, max_body_bytes=1_000_000, new_id=lambda: self.ids.new("req"))

    def _look_soon(self, project: str, cause: str) -> None:
        self.looked.append((project, cause))

    def _server(self, folder: Path, url: str) -> Any:
        return SimpleNamespace(
            settings=Settings(data_dir=folder, public_url=url),
            context=self.context,
            clock=self.clock,
            container_engine=self.engine,
            proxy=self.proxy,
            catalogue=self.catalogue,
            source=self.source,
            tasks=self.tasks,
            task_log=self.task_log,
            durable=self.durable,
            interpreter=SimpleNamespace(cancels=Cancels()),
            outside=Outside(
                self.engine,  # type: ignore[arg-type]
                self.proxy,
                self.catalogue,
                self.records,
                self.context.secrets,
                self.source,
            ),
            hosts=hosts_of(Settings(data_dir=folder), self.context.database, self.context.secrets, SystemClock()),
            host_keys=SshKeys(),
            registries=FakeRegistries(FakeRegistry(ContainerWorld(FakeClock()))),
            issuers=WebIssuers(HttpWeb(), self.clock),
            notifier=FakeNotifier(),
        )

    def close(self) -> None:
        """Nothing is left open."""
        self.task_log.close()
        self.context.database.close()

    # People

    def add_user(self, name: str, role: str) -> str:
        """A user with a password of their own; it."""
        user, password = access.add_user(self.context, ADMINISTRATOR, name, role=role)
        actor = Actor(user.id, name, "user", permissions_of(RoleName(role)))
        access.change_password(self.context, actor, password, PASSWORD)
        return PASSWORD

    def open_session(self, name: str) -> str:
        """The cookie of a new session, without the slow look at a password."""
        cookie, now = secrets.token_urlsafe(32), self.clock.now()
        with self.context.database.transaction() as connection:
            user = users.by_name(connection, name)
            session = Session(
                self.ids.new("ses"),
                user.id,
                passwords.hash_token(cookie),
                secrets.token_urlsafe(24),
                now,
                now + timedelta(hours=1),
            )
            users.insert_session(connection, session)
        return cookie

    # Projects and releases

    def add_project(self, name: str, *, title: str = "", git: str = "") -> None:
        """A project, from a repository where `git` names one."""
        source = projecting.NewSource(git) if git else None
        made = projecting.add(self.context, ADMINISTRATOR, name, title=title, source=source).project
        with self.context.database.transaction() as connection:  # most scripts that tests write run at the server
            allowed = Allowance(f"pol-{made.id}", made.id, SCRIPTS_AT_SERVER, "the tests", self.context.clock.now())
            policies.insert(connection, allowed)

    def add_release(self, project: str, version: str, *, image: str = DIGEST) -> Release:
        """A release; where the lifecycle says so, its first deployment is queued."""
        contents = {"fairlead.yml": PROJECT_FILE.format(name=project, image=image).encode()}
        files = {path: self.context.artifacts.keep(content) for path, content in contents.items()}
        images = {"web": image, "worker": image, "db": image}
        return releasing.create(
            self.context,
            ADMINISTRATOR,
            project,
            version=version,
            images=images,
            files=files,
            contents=contents,
            commit="4be1" * 10,
        )

    def deployment(self, project: str, version: str, environment: str) -> Deployment:
        """The newest deployment of that release there."""
        with self.context.database.reading() as connection:
            owner = projects.by_name(connection, project)
            release = releases.by_version(connection, owner.id, version)
            place = environments.by_name(connection, environment)
            return deployments.page(connection, release=release.id, environment=place.id).items[0]

    def deployment_of(self, task: TaskId) -> Deployment:
        """The deployment that the task carries out."""
        with self.context.database.reading() as connection:
            found = deployments.of_task(connection, task)
        assert found is not None
        return found

    # What the engine would do

    def begin(self, project: str, version: str, environment: str) -> TaskId:
        """Its task runs, its plan frozen."""
        found = self.deployment(project, version, environment)
        assert found.task is not None
        task = found.task

        async def work() -> None:
            looked = await foreseeing.preview(
                self.context, ADMINISTRATOR, self.life.server.outside, project, version, environment
            )
            plan = looked.plan
            await self.tasks.begin(task, NodeId("house"))
            await self.tasks.freeze(task, plan)

        wait_for(work())
        return task

    async def tell(self, task: TaskId, name: str, state: PhaseState, *, reason: str = "") -> None:
        """The phase came to that state."""
        await self.tasks.phases(task, [PhaseTold(name, state, self.clock.now(), reason)])

    def walk(self, task: TaskId, *, phases: int, is_running: bool = True) -> list[str]:
        """So many of its phases are done and, with `is_running`, the next one runs; the names of all."""
        names = self.phases(task)

        async def work() -> None:
            for name in names[:phases]:
                await self.tell(task, name, PhaseState.RUNNING)
                await self.tell(task, name, PhaseState.DONE)
            if is_running and phases < len(names):
                await self.tell(task, names[phases], PhaseState.RUNNING)

        wait_for(work())
        return names

    def phases(self, task: TaskId) -> list[str]:
        """The names of its phases."""
        with self.context.database.reading() as connection:
            return [phase.name for phase in tasks.phases_of(connection, task)]

    def say(self, task: TaskId, *lines: tuple[str, str] | tuple[str, str, str]) -> None:
        """Lines of its log: step and text, and a level where it is not `info`."""
        for step, text, *level in lines:
            self.task_log.write(task, level[0] if level else "info", step, text)  # type: ignore[arg-type]
        wait_for(self.task_log.flush(task))

    def end(self, task: TaskId, end: End) -> None:
        """It ends so."""
        wait_for(self.tasks.end(task, end))

    def go_live(self, project: str, version: str, environment: str) -> TaskId:
        """A whole deployment that went well, with containers and routes as it leaves them."""
        task = self.begin(project, version, environment)
        self.walk(task, phases=99)
        found = self.deployment(project, version, environment)
        place = Place(project, environment)
        with self.context.database.transaction() as connection:
            both = slots.of(connection, place)
            live = next((one.colour for one in both.values() if one.state is SlotState.LIVE), Colour.GREEN)
            slot = Slot(live.other, SlotState.IDLE, found.id, found.release, version)
            slots.put(connection, place, slot)
        wait_for(self.records.commit(found.id, place, live.other))
        self._stand(place, live.other, version)
        self.end(task, End(TaskState.SUCCEEDED, reached="tidy"))
        return task

    def _stand(self, place: Place, colour: Colour, version: str) -> None:
        labels = {LABEL_PROJECT: place.project, LABEL_ENVIRONMENT: place.environment}
        self.engine.held = [
            one
            for one in self.engine.held
            if not (one.labels.items() >= labels.items() and one.labels.get(LABEL_COLOUR) in (colour.value, ""))
        ]
        base = f"{place.project}-{place.environment.lower()}"
        made = [("web", f"{base}_web.{colour.value}.a1.{number}", colour.value) for number in (1, 2)]
        made += [("worker", f"{base}_worker.{colour.value}.a1.1", colour.value), ("db", f"{base}_db", "")]
        for service, name, its_colour in made:
            more = {LABEL_SERVICE: service, LABEL_COLOUR: its_colour, LABEL_VERSION: version if its_colour else ""}
            self.engine.held.append(
                Container(secrets.token_hex(32), name, "running", labels | more, "sha256:0", {}, health="healthy")
            )
            self.engine.written[name] = [f"{name} listens on 8080", "GET / 200 3 ms"]

        async def route() -> None:
            host = f"web.{place.project}.{place.environment.lower()}.localhost"
            name = planning.route_name(place.project, place.environment, host, "/")
            await self.proxy.ensure_route(RouteSpec(name, host))
            await self.proxy.fill(name, colour, [Endpoint("1", "10.213.0.2", 8080), Endpoint("2", "10.213.0.3", 8080)])
            await self.proxy.point({name: colour})
            self.proxy_world.held[name].requests[colour] = 1234

        wait_for(route())


def furnish(house: House) -> dict[str, TaskId]:
    """Projects in every state that the dashboard knows; the tasks that tests ask for, by what they show."""
    from fairlead.usecases import approvals, library_sets, variables

    found: dict[str, TaskId] = {}

    def promote(project: str, version: str) -> None:
        waiting = approvals.page(house.context, SYSTEM).items
        mine = [one for one in waiting if one.of.project == project and one.of.version == version]
        approvals.approve(house.context, ADMINISTRATOR, mine[0].approval.id, note="looks right")

    for name, title in (("books", "Book shop"), ("checkout", "Checkout API"), ("identity", ""), ("search", "Search")):
        house.add_project(name, title=title, git=f"https://git.test/{name}.git")
        variables.put(house.context, ADMINISTRATOR, name, "Db.Host", "db")
    library_sets.add(house.context, ADMINISTRATOR, "Mail", description="where letters go")
    variables.put(house.context, ADMINISTRATOR, variables.InLibrary("Mail"), "Mail.Host", "mail.test")
    library_sets.include(house.context, ADMINISTRATOR, "books", "Mail")
    for project, version in (("books", "1.0.0"), ("checkout", "2.7.9"), ("identity", "1.29.4")):
        house.add_release(project, version)
        found[f"{project} live"] = house.go_live(project, version, "Test")
        promote(project, version)
        house.go_live(project, version, "Production")

    house.add_release("books", "1.1.0")
    house.go_live("books", "1.1.0", "Test")
    promote("books", "1.1.0")
    found["running"] = house.begin("books", "1.1.0", "Production")
    names = house.walk(found["running"], phases=6)
    for number, name in enumerate(names[:7]):
        house.say(
            found["running"],
            (name, f"begins {name}"),
            (name, "\x1b[32mok\x1b[0m done in 1.2 s" if number % 2 else "probing <b>http://10.213.0.2:8080</b>"),
        )

    house.add_release("checkout", "2.8.0")
    house.go_live("checkout", "2.8.0", "Test")

    house.add_release("identity", "1.30.0")
    failed = house.begin("identity", "1.30.0", "Test")
    found["rolled back"] = failed
    names = house.walk(failed, phases=7)
    wait_for(house.tell(failed, names[7], PhaseState.FAILED, reason="2 of 7 cases failed"))
    for name in names[4:7]:
        wait_for(house.tell(failed, name, PhaseState.UNDONE))
    house.say(
        failed,
        (names[7], "GET /healthz → 503 <script>alert(1)</script>", "warning"),
        (names[7], "2 of 7 cases failed", "error"),
    )
    house.end(
        failed,
        End(
            TaskState.ROLLED_BACK,
            "tests.failed",
            "pre-integration tests failed: test_sign_in",
            "look at the output of the tests",
            names[6],
            evidence=("test_sign_in: expected 200, found 500",),
        ),
    )
    wait_for(
        house.records.note(failed, "certificate", {"is_as_it_was": True, "differences": [], "restarted": []}),
    )
    wait_for(
        house.records.note(
            failed,
            "tests:pre-integration",
            {
                "reported": True,
                "passed": 5,
                "failed": 2,
                "errored": 0,
                "skipped": 1,
                "failing": ["auth.test_sign_in", "auth.test_sign_out"],
            },
        )
    )
    return found
