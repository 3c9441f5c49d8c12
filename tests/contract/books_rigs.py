"""The ports of our own books over a real database, and over memory, with the same world around them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fairlead.adapters.system import SystemClock, SystemIds
from fairlead.domain.channel import Channel
from fairlead.domain.deployment import Deployment, DeploymentState
from fairlead.domain.environment import Environment
from fairlead.domain.ids import (
    ChannelId,
    DeploymentId,
    EnvironmentId,
    LifecycleId,
    NodeId,
    ProjectId,
    ReleaseId,
    RunId,
    SecretVersionId,
    TaskId,
)
from fairlead.domain.lifecycle import Lifecycle
from fairlead.domain.project import Project
from fairlead.domain.release import Release
from fairlead.domain.run import Run
from fairlead.domain.task import Task, TaskState
from fairlead.ports.catalogue import Place
from fairlead.ports.tasks import End
from fairlead.store import channels, deployments, environments, gone_images, lifecycles, projects, releases, runs, tasks
from fairlead.store.artifact_files import StoreArtifacts
from fairlead.store.catalogue import StoreCatalogue
from fairlead.store.database import Database
from fairlead.store.lease import StoreLease
from fairlead.store.records import StoreRecords
from fairlead.store.sealing import Sealer
from fairlead.store.secrets import StoreSecrets
from fairlead.store.task_book import StoreTasks
from fairlead.store.task_log import StoreTaskLog
from fairlead.testing.contracts.books import ELSEWHERE, PLACE
from fairlead.testing.fake_artifacts import FakeArtifacts
from fairlead.testing.fake_catalogue import FakeCatalogue
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_lease import FakeLease
from fairlead.testing.fake_records import DeploymentEntry, FakeRecords
from fairlead.testing.fake_secrets import FakeSecrets
from fairlead.testing.fake_task_log import FakeTaskLog
from fairlead.testing.fake_tasks import FakeTasks

MASTER = bytes(range(32))
PROJECT = ProjectId("prj-1")


class StoreBooks:
    """The store, as one process has it."""

    def __init__(self, url: str, folder: Path, kin: list[StoreBooks]) -> None:
        self.url, self.folder, self.kin = url, folder, kin
        self.database = Database(url)
        self.clock, self.ids = SystemClock(), SystemIds()
        self.secrets = StoreSecrets(self.database, Sealer(MASTER), self.ids)
        self.task_log = StoreTaskLog(self.database, self.secrets, self.clock)
        self.artifacts = StoreArtifacts(self.database, folder / "artifacts", self.clock)
        self.records = StoreRecords(self.database, self.clock, self.ids)
        self.catalogue = StoreCatalogue(self.database, folder / "catalogue")
        self.tasks = StoreTasks(self.database, self.clock)
        self.lease = StoreLease(self.database, self.clock)
        kin.append(self)

    def furnish(self) -> None:
        """A project that can be deployed to two environments."""
        at = self.clock.now()
        with self.database.transaction() as connection:
            lifecycles.insert(connection, Lifecycle(LifecycleId("lif-1"), "Default"))
            projects.insert(connection, Project(PROJECT, "books", LifecycleId("lif-1"), at))
            channels.insert(connection, Channel(ChannelId("cha-1"), PROJECT))
            for order, place in enumerate((ELSEWHERE, PLACE)):
                name = place.environment
                environments.insert(connection, Environment(EnvironmentId(f"env-{name.lower()}"), name, order))
            release = Release(ReleaseId("rel-0"), PROJECT, ChannelId("cha-1"), "1.0.0", at)
            releases.insert(connection, release)

    async def new_task(self) -> TaskId:
        task = Task(TaskId(self.ids.new("tsk")), "other", "something", self.clock.now())
        await self.database.write(lambda connection: tasks.insert(connection, task))
        return task.id

    async def new_deployment(self, place: Place) -> tuple[DeploymentId, TaskId]:
        await self._free(place)
        at, id = self.clock.now(), DeploymentId(self.ids.new("dep"))
        task = Task(
            TaskId(self.ids.new("tsk")),
            "deployment",
            "books",
            at,
            subject=id,
            project=place.project,
            environment=place.environment,
        )
        environment = EnvironmentId(f"env-{place.environment.lower()}")
        with self.database.transaction() as connection:
            tasks.insert(connection, task)
            assert tasks.take_turn(connection, task, at=at)
            number = deployments.next_number(connection, PROJECT, environment)
            deployment = Deployment(id, number, PROJECT, ReleaseId("rel-0"), environment, at, task=task.id)
            deployments.insert(connection, deployment)
        return id, task.id

    async def new_run(self) -> TaskId:
        at, id = self.clock.now(), RunId(self.ids.new("run"))
        task = Task(TaskId(self.ids.new("tsk")), "run", "books", at, subject=id)
        with self.database.transaction() as connection:
            tasks.insert(connection, task)
            number = runs.next_number(connection, PROJECT)
            runs.insert(connection, Run(id, number, PROJECT, "main", "c" * 40, at, task=task.id))
        return task.id

    async def need(self, release: ReleaseId) -> None:
        at, id = self.clock.now(), DeploymentId(self.ids.new("dep"))
        environment = EnvironmentId(f"env-{PLACE.environment.lower()}")
        with self.database.transaction() as connection:
            number = deployments.next_number(connection, PROJECT, environment)
            waiting = Deployment(id, number, PROJECT, release, environment, at, state=DeploymentState.WAITING)
            deployments.insert(connection, waiting)

    async def lacks(self, release: ReleaseId) -> bool:
        with self.database.reading() as connection:
            return bool(gone_images.of_releases(connection, [releases.get(connection, release)]))

    async def new_secret(self, value: str) -> SecretVersionId:
        at = self.clock.now()
        return await self.database.write(lambda connection: self.secrets.keep(connection, value, name="Some", at=at))

    async def ask_cancel(self, task: TaskId) -> None:
        with self.database.transaction() as connection:
            assert tasks.ask_cancel(connection, task, by="ann", at=self.clock.now())

    async def end_task(self, task: TaskId) -> None:
        await self.tasks.end(task, End(TaskState.SUCCEEDED))

    async def give_place_away(self, place: Place) -> None:
        await self.new_deployment(place)

    async def begin_undo(self, deployment: DeploymentId, task: TaskId) -> None:
        await self.tasks.begin(task, NodeId("node-1"))
        await self.tasks.state(task, TaskState.UNDOING)
        await self.tasks.end(task, End(TaskState.UNSETTLED))
        await self.tasks.begin(task, NodeId("node-2"))

    async def advance(self, seconds: float) -> None:
        await asyncio.sleep(seconds)  # the clock is the database's own, or the machine's

    async def reborn(self) -> StoreBooks:
        return StoreBooks(self.url, self.folder, self.kin)

    async def _free(self, place: Place) -> None:
        with self.database.transaction() as connection:
            holder = tasks.holder(connection, place)
            if holder is not None:
                tasks.give_turn_back(connection, holder)


@contextmanager
def store_books(url: str, folder: Path) -> Iterator[StoreBooks]:
    """The store over a database with all tables and nothing in them."""
    kin: list[StoreBooks] = []
    books = StoreBooks(url, folder, kin)
    try:
        books.furnish()
        yield books
    finally:
        for one in kin:
            one.task_log.close()
            one.database.close()


@dataclass(slots=True)
class FakeBooks:
    """The fakes, with one memory."""

    clock: FakeClock
    secrets: FakeSecrets
    task_log: FakeTaskLog
    artifacts: FakeArtifacts
    records: FakeRecords
    catalogue: FakeCatalogue
    tasks: FakeTasks
    lease: FakeLease
    made: int = 0

    async def new_task(self) -> TaskId:
        self.made += 1
        return TaskId(f"tsk-{self.made:05d}")

    async def new_deployment(self, place: Place) -> tuple[DeploymentId, TaskId]:
        task = await self.new_task()
        id = DeploymentId(f"dep-{self.made:05d}")
        self.records.deployments[id] = DeploymentEntry()
        return id, task

    async def new_run(self) -> TaskId:
        task = await self.new_task()
        self.records.runs.add(task)
        return task

    async def need(self, release: ReleaseId) -> None:
        self.records.needed.add(release)

    async def lacks(self, release: ReleaseId) -> bool:
        facts = next(facts for id, facts in self.records.releases.values() if id == release)
        images = facts["images"]
        return isinstance(images, dict) and bool(self.records.gone & set(map(str, images.values())))

    async def new_secret(self, value: str) -> SecretVersionId:
        return self.secrets.put(value)

    async def ask_cancel(self, task: TaskId) -> None:
        self.tasks.ask_cancel(task)

    async def end_task(self, task: TaskId) -> None:
        await self.tasks.end(task, End(TaskState.SUCCEEDED))
        self.task_log.end(task)

    async def give_place_away(self, place: Place) -> None:
        for entry in self.records.deployments.values():
            entry.holds_place = False

    async def begin_undo(self, deployment: DeploymentId, task: TaskId) -> None:
        self.records.deployments[deployment].has_begun_to_undo = True

    async def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    async def reborn(self) -> FakeBooks:
        return self


def fake_books() -> FakeBooks:
    """Empty ones."""
    clock, secrets = FakeClock(), FakeSecrets()
    return FakeBooks(
        clock,
        secrets,
        FakeTaskLog(clock, secrets),
        FakeArtifacts(),
        FakeRecords(),
        FakeCatalogue(),
        FakeTasks(),
        FakeLease(clock),
    )
