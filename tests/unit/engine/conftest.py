"""A stage with toy effects for each test."""

from dataclasses import dataclass
from functools import partial

import pytest

from fairlead.domain.ids import NodeId
from fairlead.engine.parts import Parts, Patience
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_interruptions import FakeInterruptions
from fairlead.testing.fake_records import FakeRecords
from fairlead.testing.fake_tasks import FakeBinder, FakeTaskLog, FakeTasks
from fairlead.testing.sweep import Stage
from fairlead.testing.toy_world import World, kinds_of, toy_tools

PATIENCE = Patience(cleanup_s=0.2, undo_s=2.0, onward_s=2.0, first_pause_s=0.5, last_pause_s=1.0, cancel_poll_s=0.01)


@dataclass
class Play:
    """A stage, its world, and its log."""

    world: World
    stage: Stage
    log: FakeTaskLog
    asked: FakeInterruptions

    @property
    def entry(self):
        return self.stage.tasks.entry(self.stage.task)

    @property
    def text(self) -> str:
        return self.log.text(self.stage.task)


def make_play() -> Play:
    world, tasks, binder, clock = World(), FakeTasks(), FakeBinder(), FakeClock()
    asked = FakeInterruptions()
    log = FakeTaskLog(clock)
    parts = Parts(
        node=NodeId("node"),
        effects=kinds_of(world),
        tools=partial(toy_tools, clock=clock, task_log=log, records=FakeRecords()),
        tasks=tasks,
        binder=binder,
        pivot=world.is_committed,
        task_log=log,
        clock=clock,
        patience=PATIENCE,
        interruptions=asked,
    )
    return Play(world, Stage(parts, tasks, binder), log, asked)


@pytest.fixture
def play() -> Play:
    return make_play()
