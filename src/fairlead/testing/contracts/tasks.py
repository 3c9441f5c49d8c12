"""What every book of tasks keeps to, real or fake: the promises of ports/tasks.py."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fairlead.domain.errors import NotFound
from fairlead.domain.ids import NodeId
from fairlead.domain.plan import Effect, InParallel, Plan, Sequence, Step
from fairlead.domain.task import PhaseState, TaskState
from fairlead.ports.tasks import Begun, End, PhaseTold
from fairlead.testing.contracts.books import PLACE, Books

NODE = NodeId("node-1")
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLAN = Plan(
    "deployment",
    "books 1.1.0 to Production",
    {"release": "rel-1", "images": {"web": "x"}},
    Sequence(
        (
            Step("acquire", "Acquire", InParallel((Effect("pull", "pull:web", "web", {"z": 1, "a": [1, None]}),))),
            Step("switch", "Switch", Effect("point", "point", "routes", timeout_s=5)),
        )
    ),
    commit=Effect("commit", "commit", "Commit"),
    onward=Step("retire", "Retire", Sequence()),
    warnings=("a port is not published",),
)
FAILED = End(TaskState.ROLLED_BACK, "tests.failed", "the tests said no", "look", "switch", ("1 of 2",), (), again=1)


class TasksContract:
    """States, plans, ends."""

    async def test_a_frozen_plan_comes_back_as_it_was(self, books: Books) -> None:
        task = await books.new_task()
        await books.tasks.freeze(task, PLAN)
        assert await books.tasks.plan(task) == PLAN
        assert (await (await books.reborn()).tasks.plan(task)).hash == PLAN.hash

    async def test_a_second_freeze_is_ignored(self, books: Books) -> None:
        task = await books.new_task()
        await books.tasks.freeze(task, PLAN)
        await books.tasks.freeze(task, Plan("deployment", "another"))
        assert await books.tasks.plan(task) == PLAN

    async def test_there_is_no_plan_before_it_was_frozen(self, books: Books) -> None:
        with pytest.raises(NotFound):
            await books.tasks.plan(await books.new_task())

    async def test_cancelling_is_seen(self, books: Books) -> None:
        task = await books.new_task()
        assert not await books.tasks.is_cancel_asked(task)
        await books.ask_cancel(task)
        assert await books.tasks.is_cancel_asked(task)

    async def test_a_beginning_tells_what_was_so_before(self, books: Books) -> None:
        task = await books.new_task()
        assert await books.tasks.begin(task, NODE) == Begun()
        await books.tasks.freeze(task, PLAN)
        await books.ask_cancel(task)
        assert await books.tasks.begin(task, NODE) == Begun(plan=PLAN, is_cancel_asked=True)
        await books.tasks.end(task, FAILED)
        assert await books.tasks.begin(task, NODE) == Begun(FAILED, PLAN, is_cancel_asked=True)

    async def test_a_paused_task_goes_on_only_by_a_later_run(self, books: Books) -> None:
        task = await books.new_task()
        await books.tasks.begin(task, NODE)
        await books.tasks.freeze(task, PLAN)
        for _ in range(2):
            await books.tasks.pause(task, again=0, holds=True)
        assert await books.tasks.begin(task, NODE) == Begun(plan=PLAN)
        await books.tasks.end(task, FAILED)
        await books.tasks.pause(task, again=0, holds=True)
        assert await books.tasks.outcome(task) == FAILED

    async def test_an_end_is_told_whole_and_is_the_last(self, books: Books) -> None:
        task = await books.new_task()
        assert await books.tasks.outcome(task) is None
        await books.tasks.begin(task, NODE)
        await books.tasks.end(task, FAILED)
        await books.tasks.end(task, End(TaskState.SUCCEEDED))
        await books.tasks.begin(task, NODE)
        await books.tasks.state(task, TaskState.UNDOING)
        assert await books.tasks.outcome(task) == FAILED
        assert await books.tasks.unsettled() == {}

    async def test_an_unsettled_task_is_told_until_it_is_taken_up_and_may_end_again(self, books: Books) -> None:
        task = await books.new_task()
        unsettled = End(TaskState.UNSETTLED, "engine.unreachable", "no answer", differences=("web-1",), is_parked=True)
        await books.tasks.begin(task, NODE)
        await books.tasks.end(task, unsettled)
        assert await books.tasks.unsettled() == {task: unsettled}
        await books.tasks.begin(task, NODE, again=1)
        assert await books.tasks.unsettled() == {}
        assert await books.tasks.outcome(task) == unsettled
        await books.tasks.end(task, FAILED)
        assert await books.tasks.outcome(task) == FAILED

    async def test_a_run_that_is_over_changes_nothing_however_late_it_writes(self, books: Books) -> None:
        """Its process slept meanwhile: a task that is called running then would be taken up by nobody."""
        task = await books.new_task()
        first, second = (End(TaskState.UNSETTLED, "engine.unreachable", "no answer", again=again) for again in (0, 1))
        await books.tasks.begin(task, NODE)
        await books.tasks.freeze(task, PLAN)
        await books.tasks.end(task, first)
        assert await books.tasks.begin(task, NODE) == Begun(first, PLAN)
        await books.tasks.state(task, TaskState.UNDOING)
        assert await books.tasks.unsettled() == {task: first}
        await books.tasks.begin(task, NODE, again=1)
        await books.tasks.end(task, first)
        assert await books.tasks.unsettled() == {}
        await books.tasks.end(task, second)
        await books.tasks.end(task, first)
        assert await books.tasks.unsettled() == {task: second}

    async def test_phases_may_be_told_twice_and_in_any_order(self, books: Books) -> None:
        task = await books.new_task()
        await books.tasks.phases(task, [PhaseTold("unforeseen", PhaseState.RUNNING, AT)])
        await books.tasks.freeze(task, PLAN)
        for state in (PhaseState.RUNNING, PhaseState.RUNNING, PhaseState.FAILED, PhaseState.UNDONE):
            told = PhaseTold("switch", state, AT, "because")
            await books.tasks.phases(task, [told, told])
        assert await books.tasks.begin(task, NODE) == Begun(plan=PLAN)
        assert await books.tasks.outcome(task) is None, "a phase that ends ends no task"

    async def test_an_unsettled_task_keeps_its_place(self, books: Books) -> None:
        deployment, task = await books.new_deployment(PLACE)
        await books.tasks.end(task, End(TaskState.UNSETTLED))
        await books.records.commit(deployment, PLACE, next(iter(await books.records.slots(PLACE))))
        assert await books.records.is_committed(deployment)
