"""The task log beyond its contract: its bounds, and a database that does not answer for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from tests.unit.store.conftest import Shop

from fairlead.domain.errors import NotFound, Unreachable
from fairlead.domain.ids import TaskId
from fairlead.store import task_lines, task_log
from fairlead.store.database import Database
from fairlead.store.sealing import Sealer
from fairlead.store.secrets import StoreSecrets
from fairlead.store.task_log import StoreTaskLog
from fairlead.testing.fake_clock import FakeClock

TASK = TaskId("tsk-1")


@pytest.fixture
def log(shop: Shop) -> Iterator[StoreTaskLog]:
    made = StoreTaskLog(shop.database, StoreSecrets(shop.database, Sealer(bytes(32)), shop.ids), FakeClock())
    yield made
    made.close()


async def test_what_is_over_the_bound_of_a_task_is_counted_in_its_last_line(
    log: StoreTaskLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_log, "LINES_KEPT", 5)
    for count in (3, 4, 2):
        log.write(TASK, "info", "", "\n".join(["x"] * count))
        await log.flush(TASK)
    lines = await log.read(TASK)
    assert [line.number for line in lines] == [1, 2, 3, 4, 5]
    assert lines[-1].text == "5 more lines were not kept"


async def test_what_is_over_the_bound_of_waiting_lines_is_counted(
    log: StoreTaskLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_log, "LINES_WAITING", 2)
    log.write(TASK, "info", "", "1\n2\n3\n4\n5")
    await log.flush(TASK)
    assert [line.text for line in await log.read(TASK)][-1] == "3 lines were lost while the database did not answer"


async def test_lines_wait_while_the_database_does_not_answer(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_log, "RETRY_S", 0.01)
    silences = [True, True, True]
    kept = Database.transaction

    @contextmanager
    def silent(self: Database, *, is_durable: bool = False) -> Iterator[sa.Connection]:
        if silences:
            silences.pop()
            raise Unreachable("store.unreachable", "no answer")
        with kept(self, is_durable=is_durable) as connection:
            yield connection

    monkeypatch.setattr(Database, "transaction", silent)
    log = StoreTaskLog(shop.database, StoreSecrets(shop.database, Sealer(bytes(32)), shop.ids), FakeClock())
    log.write(TASK, "info", "", "one")
    log.write(TASK, "info", "", "two")
    await log.flush(TASK)
    assert not silences
    assert [(line.number, line.text) for line in await log.read(TASK)] == [(1, "one"), (2, "two")]
    log.close()


async def test_closing_keeps_what_was_handed_over(shop: Shop) -> None:
    log = StoreTaskLog(shop.database, StoreSecrets(shop.database, Sealer(bytes(32)), shop.ids), FakeClock())
    log.write(TASK, "info", "", "last words")
    log.close()
    with shop.database.reading() as connection:
        assert [line.text for line in task_lines.read(connection, TASK)] == ["last words"]


async def test_following_an_unknown_task_is_refused(log: StoreTaskLog) -> None:
    with pytest.raises(NotFound) as raised:
        await anext(log.follow(TaskId("tsk-nowhere")))
    assert raised.value.code == "task.unknown"


async def test_whoever_stops_waiting_for_the_log_stops_nobody_else(log: StoreTaskLog) -> None:
    """A page that is left while its log is being kept must not end the keeping."""
    log.write(TASK, "info", "", "first")
    leaving = asyncio.ensure_future(log.flush(TASK))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    log.write(TASK, "info", "", "second")
    async with asyncio.timeout(10):
        await log.flush(TASK)
    assert [line.text for line in await log.read(TASK)] == ["first", "second"]
