"""The book of tasks beyond its contract: phases with times, listeners in the transaction, cancel."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from tests.unit.store.conftest import Shop

from fairlead.domain.ids import NodeId
from fairlead.domain.plan import Effect, Plan, Sequence, Step
from fairlead.domain.task import PhaseState, Task, TaskState
from fairlead.ports.tasks import End, PhaseTold
from fairlead.store import leases, tasks
from fairlead.store.task_book import StoreTasks, TaskListener
from fairlead.testing.fake_clock import FakeClock

NODE = NodeId("node-1")
PLAN = Plan(
    "deployment",
    "books",
    {"release": "r"},
    Sequence((Step("acquire", "Acquire images", Effect("a", "a", "a")), Step("ready", "Ready", Sequence()))),
    onward=Step("retire", "Retire", Sequence()),
)


async def test_phases_stand_in_the_order_of_the_plan_with_their_times(shop: Shop) -> None:
    clock, task = FakeClock(), shop.task()
    book = StoreTasks(shop.database, clock)
    with shop.database.transaction() as connection:
        tasks.insert(connection, task)
    await book.freeze(task.id, PLAN)
    begun = clock.now()
    await book.phases(task.id, [PhaseTold("acquire", PhaseState.RUNNING, begun)])
    clock.advance(5)
    told = [PhaseTold("acquire", state, clock.now()) for state in (PhaseState.RUNNING, PhaseState.DONE)]
    await book.phases(task.id, told)
    later = [PhaseTold("ready", PhaseState.FAILED, clock.now(), "no answer")]
    await book.phases(task.id, [*later, PhaseTold("unforeseen", PhaseState.RUNNING, clock.now())])
    with shop.database.reading() as connection:
        phases = tasks.phases_of(connection, task.id)
        assert tasks.get(connection, task.id).plan_hash == PLAN.hash
    assert [(phase.name, phase.title, phase.state) for phase in phases] == [
        ("acquire", "Acquire images", PhaseState.DONE),
        ("ready", "Ready", PhaseState.FAILED),
        ("retire", "Retire", PhaseState.WAITING),
        ("unforeseen", "unforeseen", PhaseState.RUNNING),
    ]
    assert (phases[0].begun_at, phases[0].ended_at) == (begun, clock.now())
    assert phases[1].reason == "no answer"
    assert phases[2].begun_at is None


async def test_listeners_hear_each_change_once_inside_the_transaction(shop: Shop) -> None:
    heard: list[str] = []

    def changed(connection: sa.Connection, task: Task) -> None:
        heard.append(f"changed {task.state.value} {tasks.holder(connection, tasks.place_of(task))}")

    def ended(connection: sa.Connection, task: Task) -> None:
        heard.append(f"ended {task.state.value} {task.reason} {tasks.holder(connection, tasks.place_of(task))}")

    task, woken = shop.task(), []
    book = StoreTasks(shop.database, FakeClock(), TaskListener(changed, ended), after=lambda: woken.append(1))
    with shop.database.transaction() as connection:
        tasks.insert(connection, task)
        tasks.take_turn(connection, task, at=shop.at)
    for _ in range(2):
        await book.begin(task.id, NODE)
        await book.state(task.id, TaskState.UNDOING)
    await book.end(task.id, End(TaskState.UNSETTLED))
    await book.begin(task.id, NODE, again=1)
    for _ in range(2):
        await book.end(task.id, End(TaskState.ROLLED_BACK, reason="no", again=1))
    assert heard == [
        f"changed running {task.id}",
        f"changed undoing {task.id}",
        f"changed unsettled {task.id}",
        f"changed running {task.id}",
        "ended rolled_back no None",
    ]
    assert len(woken) == 3


async def test_a_listener_that_fails_undoes_the_end(shop: Shop) -> None:
    def ended(connection: sa.Connection, task: Task) -> None:
        raise ZeroDivisionError

    task = shop.task()
    book = StoreTasks(shop.database, FakeClock(), TaskListener(ended=ended))
    with shop.database.transaction() as connection:
        tasks.insert(connection, task)
        tasks.take_turn(connection, task, at=shop.at)
    try:
        await book.end(task.id, End(TaskState.SUCCEEDED))
    except ZeroDivisionError:
        pass
    with shop.database.reading() as connection:
        assert tasks.get(connection, task.id).state is TaskState.QUEUED
        assert tasks.holder(connection, tasks.place_of(task)) == task.id


def test_cancelling_is_asked_for_once_and_never_after_the_end(shop: Shop) -> None:
    task, over = shop.task(), shop.task()
    with shop.database.transaction() as connection:
        tasks.insert(connection, task)
        tasks.insert(connection, over)
        tasks.change(connection, over.id, state=TaskState.SUCCEEDED.value)
        assert tasks.ask_cancel(connection, task.id, by="ann", at=shop.at)
        assert not tasks.ask_cancel(connection, task.id, by="bob", at=shop.at)
        assert not tasks.ask_cancel(connection, over.id, by="ann", at=shop.at)
        found = tasks.get(connection, task.id)
        assert (found.is_cancel_asked, found.cancel_asked_by) == (True, "ann")
        assert tasks.unfinished(connection) == (found,)
        assert [one.id for one in tasks.page(connection, state=TaskState.SUCCEEDED).items] == [over.id]


def test_a_lease_that_ran_out_long_ago_is_forgotten(shop: Shop) -> None:
    """Each start of a server is a node of its own."""
    old, new = NodeId("old"), NodeId("new")
    with shop.database.transaction() as connection:
        leases.renew(connection, old, 8.0, shop.at)
        leases.renew(connection, new, 8.0, shop.at)
        leases.give_back(connection, old, shop.at)
        assert leases.forget_before(connection, leases.now(connection, shop.at) + timedelta(seconds=4)) == 1
        assert set(leases.alive(connection, (old, new), shop.at)) == {new}
