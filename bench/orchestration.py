"""What the engine adds to a long process, and whether many deployments that are queued at once all get their turn.

python bench/orchestration.py [--steps 200] [--targets 50] [--tasks 1000] [--projects 20]

The durable engine, the interpreter and the books are the server's own, on SQLite; what an effect does is one line in
the task's log. A process of steps on targets is compiled as any deployment's and run to its end: the figure is the
time of the whole, from the queue on, for each effect. Then tasks of many projects are queued in one moment, the last
of all those of a project that has few: each project has one turn at a time, and nobody may wait for the others' end.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.results import Row, record
from fairlead.adapters.system import SystemClock, SystemIds
from fairlead.domain.effect import SaidNo
from fairlead.domain.ids import NodeId, TaskId
from fairlead.domain.plan import Effect, Plan, Sequence, all_effects
from fairlead.domain.task import Task, TaskState
from fairlead.engine.durable import DbosDurable
from fairlead.engine.interpreter import Interpreter
from fairlead.engine.parts import Parts
from fairlead.ports.tasks import End
from fairlead.steps import run_process
from fairlead.store.artifact_files import StoreArtifacts
from fairlead.store.database import Connection, Database, sqlite_url
from fairlead.store.migrate import upgrade
from fairlead.store.records import StoreRecords
from fairlead.store.sealing import Sealer
from fairlead.store.secrets import StoreSecrets
from fairlead.store.task_book import StoreTasks, TaskListener
from fairlead.store.task_log import StoreTaskLog
from fairlead.testing.deploy_world import World, definition
from fairlead.testing.processes import process, say, step
from fairlead.testing.toy_actions import KINDS, Say
from fairlead.testing.toy_world import toy_tools
from fairlead.usecases import turns
from fairlead.usecases.context import Context

MOST_MS = 10.0
FEW = 10
"""How many tasks the small project has."""
LEAST_SHARE = 0.8
LONGEST_S = 1800.0


@dataclass(slots=True)
class Given:
    """A binder that gives the plan it was given for the task, or the same short one to all."""

    plans: dict[str, Plan] = field(default_factory=dict)

    async def bind(self, task: TaskId) -> Plan | SaidNo:
        """The plan."""
        return self.plans.get(task) or Plan("deployment", "three lines", {}, Sequence(tuple(map(_line, range(3)))))

    async def conclude(self, task: TaskId, end: End) -> End:
        """There is nothing to compare."""
        return end


def _line(number: int) -> Effect:
    return Effect(Say.kind, f"say:{number}", f"say {number}", {"text": str(number)}, is_undone=False)


@dataclass(slots=True)
class Rig:
    """The books and the engine; `ended` are the tasks' projects in the order of their ends, `stuck` the reasons of
    those that stand unsettled."""

    context: Context
    given: Given
    ended: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)

    def queue(self, ids: SystemIds, projects: list[str], plan: Plan | None = None) -> None:
        """One task of each of these, in their order, in one transaction."""
        with self.context.database.transaction() as connection:
            for project in projects:
                id = ids.new("tsk")
                if plan is not None:
                    self.given.plans[id] = plan
                at = self.context.clock.now()
                task = Task(TaskId(id), "deployment", "t", at, project=project, environment="Test")
                turns.queue(self.context, connection, task)
        self.context.durable.wake()

    async def until(self, many: int) -> float:
        """Seconds until so many have ended."""
        begun = time.perf_counter()
        async with asyncio.timeout(LONGEST_S):
            while len(self.ended) < many:
                await asyncio.sleep(0.01)
                if self.stuck:
                    raise RuntimeError(f"a task stands unsettled: {self.stuck[0]}")
        return time.perf_counter() - begun


@asynccontextmanager
async def rig(folder: Path) -> AsyncIterator[tuple[Rig, SystemIds]]:
    """All of it, running."""
    clock, ids, node = SystemClock(), SystemIds(), NodeId("bench")
    database = Database(sqlite_url(folder / "fairlead.db"))
    upgrade(database)
    secrets, artifacts = StoreSecrets(database, Sealer(b"k" * 32), ids), StoreArtifacts(database, folder, clock)
    durable = DbosDurable(database.url, node=node, clock=clock)
    made = Rig(Context(database, clock, ids, durable, secrets, artifacts), Given())

    def ended(connection: Connection, task: Task) -> None:
        made.ended.append(task.project)
        turns.pass_on(made.context, connection, task)

    def changed(connection: Connection, task: Task) -> None:
        if task.state is TaskState.UNSETTLED:
            made.stuck.append(task.reason)

    log = StoreTaskLog(database, secrets, clock)
    tasks = StoreTasks(database, clock, TaskListener(changed=changed, ended=ended), durable.wake)
    records = StoreRecords(database, clock, ids)
    tools: Callable[..., object] = partial(toy_tools, clock=clock, task_log=log, records=records)
    parts = Parts(node, {Say.kind: Say()}, tools, tasks, made.given, _never, log, clock)  # type: ignore[arg-type]
    await durable.launch(Interpreter(parts))
    try:
        yield made, ids
    finally:
        await durable.drain(bound_s=10)
        await durable.close()
        database.close()


async def _never(task: TaskId) -> bool:
    return False


async def long_process(steps: int, targets: int) -> tuple[float, int]:
    """Seconds of the whole, and how many effects it had."""
    names = [f"host-{number:03}" for number in range(targets)]
    planned = (step(say(f"step {number:03}"), targets=names) for number in range(steps))
    resolved = await World().resolve(definition(), "1.0.0")
    plan = replace(run_process.plan(resolved, process(*planned), KINDS), commit=None)
    with tempfile.TemporaryDirectory() as folder:
        async with rig(Path(folder)) as (running, ids):
            await asyncio.to_thread(running.queue, ids, ["long"], plan)
            return await running.until(1), len(all_effects(plan))


async def many_tasks(tasks: int, projects: int) -> tuple[float, list[str]]:
    """Seconds until all had ended, and the projects in the order in which their tasks did."""
    others = [f"project-{number % (projects - 1):02}" for number in range(tasks - FEW)]
    with tempfile.TemporaryDirectory() as folder:
        async with rig(Path(folder)) as (running, ids):
            await asyncio.to_thread(running.queue, ids, [*sorted(others), *["small"] * FEW])
            return await running.until(tasks), running.ended


def share_of_the_last(ended: list[str]) -> float:
    """When half of all had ended: of the large projects, the share of the one with the fewest ends against an equal
    one."""
    large = {project for project in ended if project != "small"}
    half = Counter(project for project in ended[: len(ended) // 2] if project in large)
    return min(half[project] for project in large) / (sum(half.values()) / len(large))


async def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--targets", type=int, default=50)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--projects", type=int, default=20)
    chosen = parser.parse_args()
    took_s, effects = await long_process(chosen.steps, chosen.targets)
    each_ms = took_s / effects * 1000
    all_s, ended = await many_tasks(chosen.tasks, chosen.projects)
    share = share_of_the_last(ended)
    place = max(number for number, project in enumerate(ended, 1) if project == "small")
    fair = int(FEW * chosen.projects * 1.5)
    is_whole = len(ended) == chosen.tasks
    record(
        [
            Row("process: effects", effects, "effects"),
            Row("process: the engine, for each effect", round(each_ms, 2), "ms", f"<= {MOST_MS:g}", each_ms <= MOST_MS),
            Row("queue: tasks that ended", len(ended), "tasks", f"= {chosen.tasks}", is_whole),
            Row("queue: until all had ended", round(all_s, 1), "s"),
            Row("queue: fewest ends at half time", round(share, 2), "x", f">= {LEAST_SHARE:g}", share >= LEAST_SHARE),
            Row("queue: the last of a project with few", place, "th", f"<= {fair}", place <= fair),
        ]
    )


if __name__ == "__main__":
    asyncio.run(main())
