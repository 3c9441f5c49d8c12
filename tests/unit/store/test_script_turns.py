"""Script turns, in the database and in memory, keep one contract."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.store.conftest import Shop

from fairlead.domain.ids import TaskId
from fairlead.domain.task import TaskState
from fairlead.store import script_turns, tasks
from fairlead.store.script_turns import StoreScriptTurns
from fairlead.testing.contracts.script_turns import HOST, ScriptTurnsContract, Turns
from fairlead.testing.fake_script_turns import FakeScriptTurns


class TestStored(ScriptTurnsContract):
    @pytest.fixture
    def rig(self, shop: Shop) -> Turns:
        async def task(project: str) -> TaskId:
            made = shop.task(project=project)
            await shop.database.write(lambda connection: tasks.insert(connection, made))
            return made.id

        async def rest(task: TaskId) -> None:
            await to(task, TaskState.PAUSED)

        async def go_on(task: TaskId) -> None:
            await to(task, TaskState.RUNNING)

        async def end(task: TaskId) -> None:
            await to(task, TaskState.FAILED)

        async def to(task: TaskId, state: TaskState) -> None:
            await shop.database.write(lambda connection: tasks.change(connection, task, state=state.value))

        return Turns(StoreScriptTurns(shop.database), task, rest, go_on, end)


class TestInMemory(ScriptTurnsContract):
    @pytest.fixture
    def rig(self) -> Turns:
        turns = FakeScriptTurns()

        async def task(project: str) -> TaskId:
            made = TaskId(f"tsk-{len(turns.tags)}")
            turns.tags[made] = project
            return made

        async def rest(task: TaskId) -> None:
            turns.at_rest.add(task)

        async def go_on(task: TaskId) -> None:
            turns.at_rest.discard(task)

        return Turns(turns, task, rest, go_on, rest)


async def test_what_ended_tasks_left_behind_goes_with_the_next_asking(shop: Shop) -> None:
    turns = StoreScriptTurns(shop.database)
    for number in range(3):
        made = shop.task(project=f"project-{number}")
        await shop.database.write(lambda connection, made=made: tasks.insert(connection, made))
        assert await turns.ask(made.id, "run", HOST) is None
        await shop.database.write(
            lambda connection, made=made: tasks.change(connection, made.id, state=TaskState.FAILED.value)
        )
    held = await shop.database.read(lambda connection: connection.execute(script_turns.turns.select()).all())
    assert len(held) == 1


async def test_of_many_who_ask_at_the_same_time_one_runs(shop: Shop) -> None:
    turns = StoreScriptTurns(shop.database)
    made = [shop.task(project=f"project-{number}") for number in range(6)]
    for one in made:
        await shop.database.write(lambda connection, one=one: tasks.insert(connection, one))
    found = await asyncio.gather(*(turns.ask(one.id, "run", HOST) for one in made))
    [first] = [one.id for one, waits in zip(made, found, strict=True) if waits is None]
    assert {waits.task for waits in found if waits} >= {first}
