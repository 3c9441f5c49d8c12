"""Unsettled tasks are taken up with growing rests; parked ones are left to a person."""

from fairlead.domain.task import TaskState
from fairlead.engine.keeper import Keeper
from fairlead.ports.tasks import End
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_tasks import FakeTasks


class Taking:
    def __init__(self) -> None:
        self.taken = []

    async def resume(self, task, *, again):
        self.taken.append((task, again))


async def test_it_rests_longer_each_time_and_never_takes_up_a_parked_task():
    tasks, durable, clock = FakeTasks(), Taking(), FakeClock()
    keeper = Keeper(tasks, durable, clock)
    await tasks.end("parked", End(TaskState.UNSETTLED, is_parked=True))
    rests = []
    for again in range(4):
        await tasks.end("task", End(TaskState.UNSETTLED, again=again))
        began = clock.monotonic_s()
        while ("task", again + 1) not in durable.taken:
            await keeper.look()
            clock.advance(1)
        rests.append(round(clock.monotonic_s() - began) - 1)
    assert rests == [4, 8, 16, 32]
    assert {task for task, _ in durable.taken} == {"task"}
