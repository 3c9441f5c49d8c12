"""What every durable engine keeps to. A house gives nodes that can be killed; what bodies did is read from marks.

Subclass `DurableContract` and give a `house` fixture. Marks are lines of a file, so that they outlive every process.
"""

from __future__ import annotations

import asyncio
import json
import os
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fairlead.domain.record import Json
from fairlead.ports.durable import Journal

WAIT_S = 30.0
LOOK_S = 0.01
STEPS = 5
BRANCHES = 4
HELD = 3
"""The step that waits for its release, in tasks whose name begins with ``held`` or ``wide``."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Lines that bodies leave behind, each written at once and whole."""

    folder: Path

    def make(self, line: str) -> None:
        """One more line."""
        file = os.open(self.folder / "marks", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, f"{line}\n".encode())
        finally:
            os.close(file)

    def all(self) -> list[str]:
        """All lines so far."""
        path = self.folder / "marks"
        return path.read_text().splitlines() if path.exists() else []

    def release(self) -> None:
        """Held steps go on, now and later."""
        (self.folder / "released").touch()

    @property
    def is_released(self) -> bool:
        """Whether held steps go on."""
        return (self.folder / "released").exists()

    async def until(self, line: str, *, times: int = 1) -> None:
        """Return when the line was made that often."""
        await until(lambda: self.all().count(line) >= times)


async def until(condition: Callable[[], bool]) -> None:
    """Return when it holds; looked at often, for it is another process that makes it so."""
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)


class Node(Protocol):
    """One process that runs `scenario`."""

    async def enqueue(self, task: str) -> None:
        """In a transaction of its own, then woken."""
        ...

    async def resume(self, task: str, again: int) -> None:
        """As `Durable.resume`."""
        ...

    async def drain(self, meanwhile: Callable[[], None]) -> None:
        """Drained (`meanwhile` is called once that has begun) and closed, and the process has ended."""
        ...

    async def kill(self) -> None:
        """Ended as by kill -9."""
        ...

    async def forget(self) -> int:
        """As `Durable.forget`, of all that is over."""
        ...


class House(Protocol):
    """Nodes on one database."""

    marks: Marks

    async def boot(self, name: str) -> Node:
        """A node that is ready."""
        ...

    async def enqueue(self, task: str, *, roll_back: bool = False) -> None:
        """In a transaction that commits, or does not."""
        ...


async def scenario(journal: Journal, marks: Marks, node: str) -> None:
    """The body of all tasks here; what it does is in the task's name."""
    task = journal.task
    marks.make(f"run {task} {journal.again}")
    if journal.again:
        marks.make(f"earlier {task} {json.dumps(dict(await journal.earlier()), sort_keys=True)}")
    if task.startswith("wide"):
        await _side_by_side(journal, marks, node)
    else:
        places = [journal.reserve() for _ in range(STEPS)]
        for number, place in enumerate(places, 1):
            kept = await journal.record(place, f"s{number}", _step(journal, marks, str(number)))
            assert kept == {"step": str(number)}
    marks.make(f"over {task} {journal.again}")


async def _side_by_side(journal: Journal, marks: Marks, node: str) -> None:
    places = [[journal.reserve() for _ in range(HELD)] for _ in range(BRANCHES)]

    async def branch(number: int) -> None:
        for step, place in enumerate(places[number], 1):
            # another node, another speed: what is reserved must not depend on it
            await asyncio.sleep(zlib.crc32(f"{node} {number} {step}".encode()) % 30 / 1000)
            name = f"{number}.{step}"
            assert await journal.record(place, name, _step(journal, marks, name)) == {"step": name}

    await asyncio.gather(*(branch(number) for number in range(BRANCHES)))


def _step(journal: Journal, marks: Marks, name: str) -> Callable[[], Awaitable[Json]]:
    is_held = journal.task.startswith(("held", "wide")) and name.endswith(str(HELD))

    async def work() -> Json:
        marks.make(f"begin {journal.task} {name}")
        if is_held:
            await until(lambda: marks.is_released)
        marks.make(f"end {journal.task} {name}")
        return {"step": name}

    return work


class DurableContract:
    """The suite. Each test gets a house with nothing in it."""

    async def test_an_enqueue_that_rolls_back_never_runs(self, house: House) -> None:
        node = await house.boot("a")
        await house.enqueue("plain-1", roll_back=True)
        await node.enqueue("plain-2")
        await house.marks.until("over plain-2 0")
        assert not any("plain-1" in line for line in house.marks.all())

    async def test_a_task_that_is_enqueued_twice_runs_once(self, house: House) -> None:
        await house.enqueue("plain-1")
        await house.enqueue("plain-1")
        node = await house.boot("a")
        await house.marks.until("over plain-1 0")
        await node.enqueue("plain-1")
        await node.enqueue("plain-2")
        await house.marks.until("over plain-2 0")
        assert house.marks.all().count("run plain-1 0") == 1

    async def test_what_waited_while_no_node_was_there_is_run(self, house: House) -> None:
        await house.enqueue("plain-1")
        await house.boot("a")
        await house.marks.until("over plain-1 0")

    async def test_after_a_kill_another_node_goes_on_where_it_was(self, house: House) -> None:
        first = await house.boot("a")
        await first.enqueue("held-1")
        await house.marks.until(f"begin held-1 {HELD}")
        await first.kill()
        house.marks.release()
        await house.boot("b")
        await house.marks.until("over held-1 0")
        begun = Counter(line for line in house.marks.all() if line.startswith("begin"))
        assert begun == {f"begin held-1 {step}": 2 if step == HELD else 1 for step in range(1, STEPS + 1)}

    async def test_a_run_that_is_killed_again_and_again_comes_to_its_end(self, house: House) -> None:
        node = await house.boot("a")
        await node.enqueue("held-1")
        for number, name in enumerate("bc", 1):
            await house.marks.until(f"begin held-1 {HELD}", times=number)
            await node.kill()
            node = await house.boot(name)
        house.marks.release()
        await house.marks.until("over held-1 0")
        assert house.marks.all().count("begin held-1 1") == 1

    async def test_branches_replay_whatever_their_speed(self, house: House) -> None:
        first = await house.boot("a")
        await first.enqueue("wide-1")
        for branch in range(BRANCHES):
            await house.marks.until(f"begin wide-1 {branch}.{HELD}")
        await first.kill()
        house.marks.release()
        await house.boot("b")
        await house.marks.until("over wide-1 0")
        begun = Counter(line for line in house.marks.all() if line.startswith("begin"))
        assert all(times == (2 if line.endswith(f".{HELD}") else 1) for line, times in begun.items())

    async def test_a_drain_ends_at_a_step_boundary_and_nothing_is_done_twice(self, house: House) -> None:
        first = await house.boot("a")
        tasks = [f"held-{number}" for number in range(3)]
        for task in tasks:
            await first.enqueue(task)
        for task in tasks:
            await house.marks.until(f"begin {task} {HELD}")
        await first.drain(house.marks.release)
        assert not any(line.endswith(f" {HELD + 1}") for line in house.marks.all())
        await house.boot("b")
        for task in tasks:
            await house.marks.until(f"over {task} 0")
        begun = Counter(line for line in house.marks.all() if line.startswith("begin"))
        assert set(begun.values()) == {1} and len(begun) == len(tasks) * STEPS

    async def test_a_wake_starts_work_without_waiting_for_a_poll(self, house: House) -> None:
        node = await house.boot("a")
        loop = asyncio.get_running_loop()
        took_s = []
        for number in range(5):
            began_s = loop.time()
            await node.enqueue(f"plain-{number}")
            await house.marks.until(f"over plain-{number} 0")
            took_s.append(loop.time() - began_s)
        assert sorted(took_s)[1] < 1.0, took_s  # without the bell each would wait out a poll of 5 s on SQLite

    async def test_a_taking_up_has_its_own_journal_and_reads_the_earlier_ones(self, house: House) -> None:
        node = await house.boot("a")
        await node.enqueue("plain-1")
        await house.marks.until("over plain-1 0")
        await node.resume("plain-1", 1)
        await node.resume("plain-1", 1)
        await house.marks.until("over plain-1 1")
        kept = {f"s{step}": {"step": str(step)} for step in range(1, STEPS + 1)}
        assert f"earlier plain-1 {json.dumps(kept, sort_keys=True)}" in house.marks.all()
        assert house.marks.all().count("run plain-1 1") == 1
        assert house.marks.all().count("begin plain-1 1") == 2

    async def test_what_is_over_can_be_forgotten(self, house: House) -> None:
        node = await house.boot("a")
        await node.enqueue("plain-1")
        await house.marks.until("over plain-1 0")
        forgotten = 0
        async with asyncio.timeout(WAIT_S):
            while not forgotten:  # its last line is made just before it is over
                forgotten = await node.forget()
        assert forgotten == 1
        assert await node.forget() == 0


class SharedDurableContract(DurableContract):
    """For engines whose nodes share a database: who was thought dead is fenced off."""

    async def test_a_node_that_was_only_slow_keeps_nothing_of_what_it_does_later(self, house: House) -> None:
        slow = await house.boot("a")
        await slow.enqueue("held-1")
        await house.marks.until(f"begin held-1 {HELD}")
        await slow.hold_still()  # type: ignore[attr-defined]
        await house.boot("b")
        await house.marks.until(f"begin held-1 {HELD}", times=2)
        house.marks.release()
        await house.marks.until("over held-1 0")
        await slow.go_on()  # type: ignore[attr-defined]
        await slow.enqueue("plain-1")
        await house.marks.until("over plain-1 0")
        marks = Counter(house.marks.all())
        assert marks["over held-1 0"] == 1 and marks["begin held-1 4"] == 1 and marks["begin held-1 2"] == 1
