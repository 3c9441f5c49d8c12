"""The interpreter on the real durable engine, in one process: ends, cancels, and settles by itself."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from fairlead.adapters.system import SystemClock
from fairlead.domain.effect import Done, NotYet
from fairlead.domain.errors import Unreachable
from fairlead.domain.ids import NodeId, TaskId
from fairlead.domain.interruption import Choice, InterruptionKind, Question
from fairlead.domain.plan import Ask, Effect, InParallel, Plan, Retry, Sequence, Timeout
from fairlead.domain.task import TaskState
from fairlead.engine.durable import DbosDurable
from fairlead.engine.interpreter import Interpreter
from fairlead.engine.keeper import Keeper
from fairlead.engine.parts import Parts, Patience
from fairlead.store.database import Database, sqlite_url
from fairlead.testing.contracts.durable import until
from fairlead.testing.fake_interruptions import FakeInterruptions
from fairlead.testing.fake_records import FakeRecords
from fairlead.testing.fake_tasks import FakeBinder, FakeTaskLog, FakeTasks
from fairlead.testing.toy_world import World, kinds_of, toy_tools

COMMIT = Effect("commit", "commit", "commit")
PATIENCE = Patience(undo_s=0.2, onward_s=0.2, first_pause_s=0.02, cancel_poll_s=5.0)


class Slow:
    """Waits to be cancelled; its undo cannot ask while the host is away."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.is_away = False

    async def look(self, effect, tools):
        return NotYet()

    async def do(self, effect, tools):
        self.begun.set()
        await asyncio.Event().wait()
        return Done()

    async def undo(self, effect, tools):
        if self.is_away:
            raise Unreachable("engine.unreachable", "the host is away")


@dataclass
class Server:
    world: World
    slow: Slow
    tasks: FakeTasks
    binder: FakeBinder
    log: FakeTaskLog
    asked: FakeInterruptions
    interpreter: Interpreter
    durable: DbosDurable
    database: Database

    async def submit(self, name: str, plan: Plan) -> TaskId:
        task = TaskId(name)
        self.binder.plans[task] = plan

        def put() -> None:
            with self.database.transaction() as connection:
                self.durable.enqueue(connection, task)

        await asyncio.to_thread(put)
        self.durable.wake()
        return task

    async def ended(self, task: TaskId, state: TaskState) -> None:
        await until(lambda: self.tasks.entry(task).state is state)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    url = sqlite_url(tmp_path / "fairlead.db")
    world, slow, tasks, binder, clock = World(), Slow(), FakeTasks(), FakeBinder(), SystemClock()
    log, asked = FakeTaskLog(clock), FakeInterruptions()
    effects = {**kinds_of(world), "slow": slow}
    tools = partial(toy_tools, clock=clock, task_log=log, records=FakeRecords())
    parts = Parts(
        NodeId("node-1"), effects, tools, tasks, binder, world.is_committed, log, clock, PATIENCE, interruptions=asked
    )
    database, interpreter = Database(url), Interpreter(parts)
    durable = DbosDurable(url, node=NodeId("node-1"), clock=clock)
    await durable.launch(interpreter)
    yield Server(world, slow, tasks, binder, log, asked, interpreter, durable, database)
    await durable.drain(bound_s=5)
    await durable.close()
    database.close()


def put(name: str) -> Effect:
    return Effect("put", f"put {name}", f"put {name}", {"name": name})


async def test_a_plan_with_every_node_comes_to_its_end(server: Server) -> None:
    group = InParallel(tuple(Sequence((put(f"{n}a"), put(f"{n}b"))) for n in range(5)), limit=3)
    forward = Sequence((put("x"), Timeout(Retry(group, attempts=2), 30)))
    task = await server.submit("task-1", Plan("deployment", "t", {}, forward, COMMIT, put("y"), put("z")))
    await server.ended(task, TaskState.SUCCEEDED)
    assert len(server.world.things) == 13


async def test_a_cancel_is_heard_at_once_and_undone(server: Server) -> None:
    forward = Sequence((put("x"), Effect("slow", "slow", "slow", timeout_s=600)))
    task = await server.submit("task-1", Plan("deployment", "t", {}, forward, COMMIT))
    await server.slow.begun.wait()
    server.tasks.ask_cancel(task)
    server.interpreter.cancels.look_now(task)
    async with asyncio.timeout(3):
        await server.ended(task, TaskState.CANCELLED)
    assert server.world.things == {}


async def test_an_unsettled_task_is_taken_up_by_the_keeper_and_settles(server: Server) -> None:
    server.slow.is_away = True
    forward = Sequence((put("x"), Effect("slow", "slow", "slow", timeout_s=0.05)))
    task = await server.submit("task-1", Plan("deployment", "t", {}, forward, COMMIT))
    await server.ended(task, TaskState.UNSETTLED)
    assert server.world.things == {"x": "put x"} and server.tasks.entry(task).has_lock
    server.slow.is_away = False
    keeper = Keeper(server.tasks, server.durable, server.interpreter.parts.clock)
    await keeper.look()
    assert server.tasks.entry(task).state is TaskState.UNSETTLED, "it rests first"
    keeper._due_s = {task: (0, 0.0)}
    await keeper.look()
    await server.ended(task, TaskState.ROLLED_BACK)
    assert server.world.things == {} and not server.tasks.entry(task).has_lock
    assert replace(server.tasks.entry(task).end, evidence=()).code == "step.timed_out"


async def test_a_paused_task_goes_on_from_where_it_stood(server: Server) -> None:
    question = Question(InterruptionKind.MANUAL, "Go on?", (Choice.PROCEED, Choice.ABORT))
    forward = Sequence((put("x"), Ask("[a]", question), put("y"), Ask("[b]", question), put("z")))
    task = await server.submit("task-1", Plan("deployment", "t", {}, forward, COMMIT))
    for key in ("[a]", "[b]"):
        await server.ended(task, TaskState.PAUSED)
        server.asked.answer(task, key, Choice.PROCEED)
        await server.durable.resume(task, again=server.tasks.go_on(task))
    await server.ended(task, TaskState.SUCCEEDED)
    assert server.world.did == ["put x", "put y", "put z"]


async def test_many_tasks_run_side_by_side_in_one_queue(server: Server) -> None:
    tasks = [await server.submit(f"task-{n}", Plan("other", "t", {}, Sequence((put(f"{n}"),)))) for n in range(20)]
    for task in tasks:
        await server.ended(task, TaskState.SUCCEEDED)
    assert len(server.world.things) == 20


async def test_a_run_that_is_new_looks_for_no_record_of_its_steps(server: Server) -> None:
    """None can be there: the first, which all others come after, was made by this process."""
    looks: list[str] = []

    def heard(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("SELECT") and "operation_outputs" in statement:
            looks.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", heard)
    try:
        effects = tuple(put(f"x{number}") for number in range(5))
        task = await server.submit("task-1", Plan("deployment", "t", {}, Sequence(effects), COMMIT))
        await server.ended(task, TaskState.SUCCEEDED)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", heard)
    assert len(looks) == 1
