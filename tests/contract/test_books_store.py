"""The store keeps the contracts of the ports that it implements, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.books_rigs import StoreBooks, store_books
from tests.databases import migrated_postgres, store_url

from fairlead.testing.contracts.artifacts import ArtifactsContract
from fairlead.testing.contracts.catalogue import CatalogueContract
from fairlead.testing.contracts.lease import LeaseContract
from fairlead.testing.contracts.records import CommitContract, RecordsContract, SlotsContract
from fairlead.testing.contracts.secrets import SecretsContract
from fairlead.testing.contracts.task_log import TaskLogContract, TaskLogFollowContract, TaskLogMaskContract
from fairlead.testing.contracts.tasks import TasksContract

__all__ = ["migrated_postgres", "store_url"]


@pytest.fixture
def books(store_url: str, tmp_path: Path) -> Iterator[StoreBooks]:
    with store_books(store_url, tmp_path) as made:
        yield made


class TestTaskLog(TaskLogContract):
    pass


class TestTaskLogFollow(TaskLogFollowContract):
    pass


class TestTaskLogMask(TaskLogMaskContract):
    pass


class TestSecrets(SecretsContract):
    pass


class TestArtifacts(ArtifactsContract):
    pass


class TestCatalogue(CatalogueContract):
    pass


class TestSlots(SlotsContract):
    pass


class TestCommit(CommitContract):
    pass


class TestRecords(RecordsContract):
    pass


class TestTasks(TasksContract):
    pass


class TestLease(LeaseContract):
    pass
