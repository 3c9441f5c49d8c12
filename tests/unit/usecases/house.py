"""Books in a database (SQLite, or at a URL) with a clock that stands still, and a queue that nothing is taken from."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.databases import new_sqlite

from fairlead.domain.actor import SYSTEM, Actor, permissions_of
from fairlead.domain.approval import Approval
from fairlead.domain.colour import Colour
from fairlead.domain.deployment import Deployment
from fairlead.domain.event import Event
from fairlead.domain.ids import ActorId, NodeId, ProjectId, TaskId
from fairlead.domain.looked_up import ScriptSource
from fairlead.domain.package import Package
from fairlead.domain.permission import RoleName
from fairlead.domain.policy import SCRIPTS_AT_SERVER, Allowance
from fairlead.domain.project import Project
from fairlead.domain.release import Release
from fairlead.domain.slot import Slot, SlotState
from fairlead.domain.task import Task, TaskState
from fairlead.ports.tasks import End
from fairlead.server.looked_up import LookedUp
from fairlead.store import (
    approvals,
    deployments,
    environments,
    events,
    policies,
    projects,
    releases,
    slots,
    tasks,
)
from fairlead.store.artifact_files import StoreArtifacts
from fairlead.store.database import Connection, Database
from fairlead.store.records import StoreRecords
from fairlead.store.sealing import Sealer
from fairlead.store.secrets import StoreSecrets
from fairlead.store.task_book import StoreTasks, TaskListener
from fairlead.testing.fake_clock import FakeClock, FakeIds
from fairlead.testing.fake_source import FakeSource
from fairlead.usecases import declarations, first_start, following, planning
from fairlead.usecases import packages as packaging
from fairlead.usecases import projects as projecting
from fairlead.usecases import releases as releasing
from fairlead.usecases.context import Context, Installation
from fairlead.usecases.going import Going

PASSWORD = "a long password"
DIGEST = "registry.test/web@sha256:" + "ab12" * 16
OTHER_DIGEST = "registry.test/web@sha256:" + "cd34" * 16
PROJECT_FILE = """\
project: {name}
services:
  web: {{image: {image}, port: 8080, standby: 10m, environment: {{DB_HOST: "#{{Db.Host}}"}}{more}}}
"""


def push_package(context: Context, actor: Actor, file_name: str, content: bytes, **how: Any) -> Package:
    """As a client that sends all of it at once."""
    with packaging.receive(context, actor) as arrived:
        arrived.write(content)
        return packaging.push(context, actor, file_name, arrived, **how)


def fetched(context: Context, actor: Actor, name: str, version: str) -> bytes:
    """The bytes of a package."""
    _, file = packaging.opened(context, actor, name, version)
    with file:
        return file.read()


class StillQueue:
    """Takes what is asked and runs nothing."""

    def __init__(self) -> None:
        self.asked: list[TaskId] = []
        self.woken = 0

    def enqueue(self, transaction: object, task: TaskId, *, again: int = 0) -> None:
        self.asked.append(task)

    def wake(self) -> None:
        self.woken += 1


class House:
    """`context` is what use cases take; `end` and `go_live` play what the engine would do."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.clock, self.ids, self.queue = FakeClock(), FakeIds(), StillQueue()
        self.database = Database(url or new_sqlite(folder))
        secrets = StoreSecrets(self.database, Sealer(b"k" * 32), self.ids)
        artifacts = StoreArtifacts(self.database, folder / "artifacts", self.clock)
        installation = Installation(workspaces=str(folder / "workspaces"))
        self.source = FakeSource()
        self.context = Context(
            self.database,
            self.clock,
            self.ids,
            self.queue,
            secrets,
            artifacts,
            installation,
            look_up=LookedUp(self.source),
        )
        listener = TaskListener(
            changed=lambda connection, task: following.changed(self.context, connection, task),
            ended=lambda connection, task: following.ended(self.context, connection, task),
            paused=lambda connection, task, holds: following.paused(self.context, connection, task, holds=holds),
        )
        self.tasks = StoreTasks(self.database, self.clock, listener)
        self.records = StoreRecords(self.database, self.clock, self.ids, before_release=self._before_release)
        first_start.prepare(self.context, name="admin", password=PASSWORD)

    def close(self) -> None:
        self.database.close()

    def _before_release(
        self,
        connection: Connection,
        project: ProjectId,
        files: Mapping[str, str],
        commits: Mapping[ScriptSource, str],
    ) -> None:
        declarations.taken(self.context, connection, project, files, commits)

    # Making

    def add_project(self, name: str = "books", *, git: str = "") -> Project:
        source = projecting.NewSource(git) if git else None
        made = projecting.add(self.context, ADMIN, name, source=source).project
        self.allow_scripts(made)
        return made

    def allow_scripts(self, project: Project) -> None:
        """Those of its processes may run at the server, as most that tests write do."""
        with self.database.transaction() as connection:
            allowed = Allowance(f"pol-{project.id}", project.id, SCRIPTS_AT_SERVER, "the tests", self.clock.now())
            policies.insert(connection, allowed)

    def add_release(
        self, version: str, *, project: str = "books", image: str = DIGEST, more: str = "", file: str = ""
    ) -> Release:
        text = file or PROJECT_FILE.format(name=project, image=image, more=more)
        contents = {"fairlead.yml": text.encode()}
        return releasing.create(self.context, ADMIN, project, version=version, images={"web": image}, contents=contents)

    # Looking

    def deployment(self, version: str, environment: str = "Test", *, project: str = "books") -> Deployment:
        """The newest of that release there."""
        found = self.deployments(version, environment, project=project)
        assert found, f"{version} was not asked for in {environment}"
        return found[0]

    def deployments(self, version: str, environment: str, *, project: str = "books") -> tuple[Deployment, ...]:
        with self.database.reading() as connection:
            release = releases.by_version(connection, projects.by_name(connection, project).id, version)
            place = environments.by_name(connection, environment)
            return deployments.page(connection, release=release.id, environment=place.id).items

    def intended(self, version: str, environment: str = "Test", *, project: str = "books") -> planning.Intended:
        """What a deployment of the release there would be."""
        with self.database.reading() as connection:
            owner = projects.by_name(connection, project)
            place = environments.by_name(connection, environment)
            release = planning.release_named(connection, owner, version)
            return planning.intend(self.context, connection, Going(owner, place, release))

    def task(self, id: str | None) -> Task:
        assert id is not None
        with self.database.reading() as connection:
            return tasks.get(connection, id)

    def approval(self, version: str, environment: str = "Production") -> Approval:
        with self.database.reading() as connection:
            return approvals.of_deployment(connection, self.deployment(version, environment).id)[-1]

    def audit(self, kind: str = "") -> list[Event]:
        with self.database.reading() as connection:
            return [one for one in events.page(connection, limit=500).items if kind in ("", one.kind)]

    def rows(self) -> Mapping[str, int]:
        """How many rows each table has: what was refused has changed none."""
        from fairlead.store.tables import metadata

        with self.database.reading() as connection:
            return {
                name: connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one()
                for name in sorted(metadata.tables)
            }

    # Playing

    def begin(self, task: str | None) -> None:
        assert task is not None
        asyncio.run(self.tasks.begin(TaskId(task), NodeId("node")))

    def end(
        self,
        task: str | None,
        state: TaskState = TaskState.SUCCEEDED,
        code: str = "",
        reason: str = "",
        *,
        has_begun: bool = True,
    ) -> None:
        assert task is not None
        asyncio.run(self.tasks.end(TaskId(task), End(state, code, reason, has_begun=has_begun)))

    def commit(self, version: str, environment: str = "Test", *, project: str = "books") -> None:
        """The deployment passes its commit point."""
        self._commit(self.deployment(version, environment, project=project))

    def _commit(self, deployment: Deployment) -> None:
        with self.database.transaction() as connection:
            place = tasks.place_of(tasks.get(connection, TaskId(deployment.task or "")))
            both = slots.of(connection, place)
            live = next((one.colour for one in both.values() if one.state is SlotState.LIVE), Colour.GREEN)
            version = releases.get(connection, deployment.release).version
            slots.put(connection, place, Slot(live.other, SlotState.IDLE, deployment.id, deployment.release, version))
        asyncio.run(self.records.commit(deployment.id, place, live.other))

    def go_live(self, version: str, environment: str = "Test", *, project: str = "books") -> Deployment:
        """A whole deployment that went well."""
        return self.play_out(self.deployment(version, environment, project=project))

    def play_out(self, deployment: Deployment) -> Deployment:
        """It begins, passes its commit point and ends well."""
        self.begin(deployment.task)
        self._commit(deployment)
        self.end(deployment.task)
        self.clock.advance(1)
        with self.database.reading() as connection:
            return deployments.get(connection, deployment.id)


ADMIN = Actor(ActorId("usr-admin"), "admin", "user", permissions_of(RoleName.ADMINISTRATOR), via="test")
VIEWER = Actor(ActorId("usr-viewer"), "vera", "user", permissions_of(RoleName.VIEWER), via="test")
NOBODY = Actor(ActorId("usr-nobody"), "nobody", "user", frozenset(), via="test")
__all__ = ["ADMIN", "DIGEST", "NOBODY", "OTHER_DIGEST", "PASSWORD", "SYSTEM", "VIEWER", "House"]
