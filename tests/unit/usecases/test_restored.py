"""After a backup was put back: what was under way in it touches nothing by itself, and a person decides."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.usecases.house import ADMIN, House
from tests.unit.usecases.test_adoption import HERE, SCRIPTS, adopt, newer_world, old_books, recorded

from fairlead.domain.colour import Colour
from fairlead.domain.deployment import Deployment, DeploymentOutcome, DeploymentState
from fairlead.domain.errors import Conflict
from fairlead.domain.ids import DeploymentId, NodeId, TaskId
from fairlead.domain.plan import Effect, Plan, Sequence
from fairlead.domain.slot import Slot, SlotState
from fairlead.domain.task import Task, TaskState
from fairlead.ports.tasks import End
from fairlead.store import deployments, slots, tasks
from fairlead.testing.deploy_world import World, definition, web
from fairlead.usecases import deployments as deploying
from fairlead.usecases import places, restored, resuming
from fairlead.usecases import tasks as tasking

PLAN = Plan("deployment", "books", forward=Sequence((Effect("put", "a", "a"),)))
MADE_AT = "2026-11-20T03:00:00+00:00"


@pytest.fixture
def under_way(books: House) -> House:
    """1.0.0 is live; 1.1.0 runs, and 1.2.0 queues behind it."""
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    for version in ("1.1.0", "1.2.0"):
        books.add_release(version)
    run(books, "1.1.0")
    return books


def run(house: House, version: str) -> None:
    task = house.deployment(version).task
    assert task is not None
    house.begin(task)
    with house.database.transaction() as connection:
        tasks.freeze(connection, tasks.get(connection, task).id, PLAN, at=house.clock.now())


def hold(house: House) -> restored.Found:
    house.queue.asked.clear()
    return asyncio.run(restored.hold(house.context, MADE_AT))


def both(house: House, version: str) -> tuple[Deployment, Task]:
    found = house.deployment(version)
    return found, house.task(found.task)


def test_what_ran_in_the_backup_is_held_and_what_queued_behind_it_is_cancelled(under_way: House) -> None:
    house = under_way
    assert hold(house) == restored.Found(1, 1)
    deployment, task = both(house, "1.1.0")
    assert (deployment.state, deployment.code) == (DeploymentState.UNSETTLED, "server.restored")
    assert "it was running when the backup of 2026-11-20 03:00 UTC was made that was put back since" in task.reason
    for command in (
        "fairlead status --project books --environment Test",
        "fairlead adopt --project books --environment Test",
        f"fairlead tasks resume {task.id}",
        f"fairlead cancel {task.id}",
    ):
        assert command in task.hint
    with house.database.reading() as connection:
        assert tasks.holder(connection, HERE) == task.id, "nobody else begins there"
        end = tasks.unsettled(connection)[task.id]
    assert end.is_parked, "the keeper leaves it alone"
    assert asyncio.run(house.tasks.begin(task.id, NodeId("node"))).end == end
    assert house.task(task.id).state is TaskState.UNSETTLED, "the run that was left is over"
    queued, its = both(house, "1.2.0")
    assert (queued.outcome, its.state) == (DeploymentOutcome.CANCELLED, TaskState.CANCELLED)
    assert "it was queued when the backup" in queued.reason and queued.hint == "ask for it again"
    assert house.queue.asked == []
    assert [one.thing for one in house.audit("task.held")] == [task.id]


def test_to_hold_twice_is_to_hold_once(under_way: House) -> None:
    hold(under_way)
    before = under_way.rows()
    assert hold(under_way) == restored.Found(1, 0)
    assert under_way.rows() == before


def test_what_is_let_go_ends_and_gives_its_place_back(under_way: House) -> None:
    house = under_way
    hold(house)
    _, task = both(house, "1.1.0")
    assert tasking.cancel(house.context, ADMIN, task.id).state is TaskState.CANCELLED
    deployment, ended = both(house, "1.1.0")
    assert deployment.outcome is DeploymentOutcome.CANCELLED
    assert "admin let it go" in ended.reason and "not touched" in ended.reason
    with house.database.reading() as connection:
        assert tasks.holder(connection, HERE) is None
    assert [one.actor for one in house.audit("task.let_go")] == ["admin"]


def test_what_was_past_its_commit_point_stays_live_when_it_is_let_go(under_way: House) -> None:
    house = under_way
    house.commit("1.1.0")
    hold(house)
    _, task = both(house, "1.1.0")
    tasking.cancel(house.context, ADMIN, task.id)
    deployment, _ = both(house, "1.1.0")
    assert deployment.outcome is DeploymentOutcome.LIVE


def test_what_was_taken_up_again_is_cancelled_as_ever(under_way: House) -> None:
    house = under_way
    hold(house)
    _, task = both(house, "1.1.0")
    asyncio.run(house.tasks.begin(tasking.may_resume(house.context, ADMIN, task.id), NodeId("node"), again=1))
    found = tasking.cancel(house.context, ADMIN, task.id)
    assert (found.state, found.is_cancel_asked) == (TaskState.RUNNING, True)


def test_what_has_no_plan_yet_has_done_nothing_and_is_cancelled(books: House) -> None:
    books.add_release("1.0.0")
    books.begin(books.deployment("1.0.0").task)
    assert hold(books) == restored.Found(0, 1)
    deployment, _ = both(books, "1.0.0")
    assert deployment.outcome is DeploymentOutcome.CANCELLED


def test_an_unsettled_one_keeps_what_it_says_and_its_next_run_is_another(under_way: House) -> None:
    house = under_way
    _, task = both(house, "1.1.0")
    house.end(task.id, TaskState.UNSETTLED, "engine.unreachable", "no answer")
    assert hold(house).held == 1
    with house.database.reading() as connection:
        end = tasks.unsettled(connection)[task.id]
    assert (end.again, end.is_parked, end.code) == (1, True, "server.restored")
    assert "it was unsettled when" in end.reason


def test_what_was_scheduled_does_not_begin_when_its_time_comes(books: House) -> None:
    books.add_release("1.0.0")
    books.go_live("1.0.0")
    at = books.clock.now() + timedelta(hours=1)
    deploying.create(books.context, ADMIN, "books", "1.0.0", "Test", is_forced=True, not_before=at)
    assert hold(books) == restored.Found(0, 1)
    found = books.deployment("1.0.0")
    assert (found.outcome, found.code) == (DeploymentOutcome.CANCELLED, "server.restored")
    with books.database.reading() as connection:
        assert deployments.due(connection, at + timedelta(days=1), limit=9) == ()


async def test_to_adopt_what_users_reach_lets_the_held_task_go(books: House) -> None:
    world = await newer_world()
    old_books(books)
    places.retire(books.context, ADMIN, "books", "Test")
    with books.database.transaction() as connection:
        (task,) = tasks.unfinished(connection)
        tasks.freeze(connection, task.id, PLAN, at=books.clock.now())
    await books.tasks.begin(task.id, NodeId("node"))
    with pytest.raises(Conflict):
        await adopt(books, world)
    assert (await restored.hold(books.context, MADE_AT)).held == 1
    await adopt(books, world)
    ended = books.task(task.id)
    assert ended.state is TaskState.CANCELLED and "what users reach, 1.1.0 in green" in ended.reason
    assert recorded(books)[Colour.GREEN].state is SlotState.LIVE


async def held(books: House, *, own: str, live: Slot) -> TaskId:
    """A deployment with that id is held; the books call `live` live."""
    books.add_release("1.9.0")
    asked = books.deployment("1.9.0")
    assert asked.task is not None
    with books.database.transaction() as connection:
        slots.put(connection, HERE, live)
        deployments.insert(connection, replace(asked, id=DeploymentId(own), number=asked.number + 1, task=None))
        task = replace(tasks.get(connection, TaskId(asked.task)), id=TaskId("tsk-9"), subject=own)
        tasks.give_turn_back(connection, TaskId(asked.task))
        tasks.finish(connection, TaskId(asked.task), End(TaskState.CANCELLED), at=books.clock.now())
        tasks.insert(connection, task)
        tasks.take_turn(connection, task, at=books.clock.now())
        deployments.change(connection, own, task=task.id)
        tasks.freeze(connection, task.id, PLAN, at=books.clock.now())
    await books.tasks.begin(task.id, NodeId("node"))
    assert (await restored.hold(books.context, MADE_AT)).held == 1
    return task.id


BLUE = Slot(Colour.BLUE, SlotState.LIVE, "dep-1", "rel-1.0.0", "1.0.0")


@pytest.mark.parametrize(
    ("own", "live", "why"),
    [
        ("dep-8", BLUE, "users reach what was deployed since"),
        ("dep-2", BLUE, "users reach its own release, and nothing is left of the one before"),
        ("dep-8", replace(BLUE, colour=Colour.GREEN, deployment="dep-2"), ""),
    ],
)
async def test_what_is_held_is_not_undone_where_that_would_take_users_away(
    books: House, own: str, live: Slot, why: str
) -> None:
    """1.1.0 of dep-2 is what users reach; dep-1 is gone."""
    world = await newer_world()
    task = await held(books, own=own, live=live)
    asked = resuming.require_safe(books.context, world.engine, world.routes, task)
    if not why:
        await asked
        return
    with pytest.raises(Conflict) as raised:
        await asked
    assert raised.value.code == "slot.changed" and why in raised.value.message
    assert "fairlead adopt --project books --environment Test" in raised.value.hint


async def test_what_had_switched_and_stands_beside_the_one_before_may_be_undone(books: House) -> None:
    world = World(place=HERE)
    for version in ("1.0.0", "1.1.0"):
        await world.deploy(definition(web(standby_s=600.0)), version, scripts=SCRIPTS)
    task = await held(books, own="dep-2", live=BLUE)
    await resuming.require_safe(books.context, world.engine, world.routes, task)


async def test_nothing_is_asked_of_other_tasks(books: House) -> None:
    asked: list[str] = []

    class Watched:
        def __getattr__(self, verb: str) -> object:
            asked.append(verb)
            raise AttributeError(verb)

    for id in ("", "tsk-none"):
        await resuming.require_safe(books.context, Watched(), Watched(), id)  # type: ignore[arg-type]
    assert asked == []
