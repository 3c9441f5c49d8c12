"""A database of each kind with all tables, and a project in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pytest
from tests.databases import database, migrated_postgres, store_url

from fairlead.domain.channel import Channel
from fairlead.domain.deployment import Deployment
from fairlead.domain.environment import Environment
from fairlead.domain.ids import ChannelId, DeploymentId, EnvironmentId, LifecycleId, ProjectId, ReleaseId, TaskId
from fairlead.domain.lifecycle import Lifecycle
from fairlead.domain.project import Project
from fairlead.domain.release import Release
from fairlead.domain.task import Task
from fairlead.store import channels, deployments, environments, lifecycles, projects, releases
from fairlead.store.database import Database
from fairlead.testing.fake_clock import START, FakeIds

__all__ = ["database", "migrated_postgres", "store_url"]

BOOKS = ProjectId("prj-books")
TEST, PRODUCTION = EnvironmentId("env-test"), EnvironmentId("env-production")


@dataclass(slots=True)
class Shop:
    """A database with two environments and the project books, and short ways to put more in."""

    database: Database
    ids: FakeIds
    at: datetime = START

    def release(self, version: str = "1.0.0") -> Release:
        made = Release(ReleaseId(self.ids.new("rel")), BOOKS, ChannelId("cha-1"), version, self.at)
        with self.database.transaction() as connection:
            releases.insert(connection, made)
        return made

    def deployment(self, release: ReleaseId, environment: EnvironmentId = TEST, **more: object) -> Deployment:
        with self.database.transaction() as connection:
            number = deployments.next_number(connection, BOOKS, environment)
            id = DeploymentId(self.ids.new("dep"))
            made = Deployment(id, number, BOOKS, release, environment, self.at, **more)  # type: ignore[arg-type]
            deployments.insert(connection, made)
        return made

    def task(self, *, project: str = "books", environment: str = "Test") -> Task:
        id = TaskId(self.ids.new("tsk"))
        return Task(id, "deployment", "books", self.at, project=project, environment=environment)


@pytest.fixture
def shop(database: Database) -> Shop:
    with database.transaction() as connection:
        lifecycles.insert(connection, Lifecycle(LifecycleId("lif-1"), "Default"))
        environments.insert(connection, Environment(TEST, "Test", 0))
        environments.insert(connection, Environment(PRODUCTION, "Production", 1))
        projects.insert(connection, Project(BOOKS, "books", LifecycleId("lif-1"), START))
        channels.insert(connection, Channel(ChannelId("cha-1"), BOOKS))
    return Shop(database, FakeIds())
