"""The durable engine's contract, kept by the fake in memory and by DBOS on SQLite and PostgreSQL in real processes."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.contract import durable_node

from fairlead.adapters.system import SystemClock
from fairlead.domain.ids import NodeId, TaskId
from fairlead.engine.durable import DbosDurable
from fairlead.store.database import Database, sqlite_url
from fairlead.testing.contracts.durable import DurableContract, Marks, SharedDurableContract, scenario
from fairlead.testing.fake_durable import Disk, FakeDurable, transaction

START_S = 30.0


class FakeNode:
    def __init__(self, house: "FakeHouse", name: str) -> None:
        self.house = house
        self.durable = FakeDurable(house.disk, node=name, clock=SystemClock())

    async def enqueue(self, task: str) -> None:
        await self.house.enqueue(task)
        self.durable.wake()

    async def resume(self, task: str, again: int) -> None:
        await self.durable.resume(TaskId(task), again=again)

    async def drain(self, meanwhile: Callable[[], None]) -> None:
        draining = asyncio.ensure_future(self.durable.drain(bound_s=10))
        await asyncio.sleep(0)
        meanwhile()
        await draining
        await self.durable.close()

    async def kill(self) -> None:
        await self.durable.die()

    async def forget(self) -> int:
        return await self.durable.forget(SystemClock().now() + timedelta(minutes=1))

    async def hold_still(self) -> None:
        """It stays as it is: the other node takes over all that is on the disk."""

    async def go_on(self) -> None:
        """It never stopped; what it does from now on must not be kept."""


class FakeHouse:
    def __init__(self, folder: Path) -> None:
        self.disk = Disk()
        self.marks = Marks(folder)
        self.nodes: list[FakeNode] = []

    async def boot(self, name: str) -> FakeNode:
        node = FakeNode(self, name)
        self.nodes.append(node)
        await node.durable.launch(lambda journal: scenario(journal, self.marks, name))
        return node

    async def enqueue(self, task: str, *, roll_back: bool = False) -> None:
        try:
            with transaction(self.disk) as opened:
                FakeDurable(self.disk).enqueue(opened, TaskId(task))
                if roll_back:
                    raise LookupError
        except LookupError:
            return


class ChildNode:
    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self.child = child

    async def ask(self, line: str) -> str:
        assert self.child.stdin
        self.child.stdin.write(f"{line}\n".encode())
        return await self.answer()

    async def answer(self) -> str:
        assert self.child.stdout
        async with asyncio.timeout(START_S):
            return (await self.child.stdout.readline()).decode().strip()

    async def enqueue(self, task: str) -> None:
        assert await self.ask(f"enqueue {task}") == "ok"

    async def resume(self, task: str, again: int) -> None:
        assert await self.ask(f"resume {task} {again}") == "ok"

    async def forget(self) -> int:
        return int(await self.ask("forget"))

    async def drain(self, meanwhile: Callable[[], None]) -> None:
        assert await self.ask("drain") == "draining"
        meanwhile()
        assert await self.answer() == "ok"
        async with asyncio.timeout(START_S):
            assert await self.child.wait() == 0

    async def kill(self) -> None:
        if self.child.returncode is None:
            self.child.kill()
        await self.child.wait()

    async def hold_still(self) -> None:
        self.child.send_signal(signal.SIGSTOP)

    async def go_on(self) -> None:
        self.child.send_signal(signal.SIGCONT)


class ChildHouse:
    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.marks = Marks(folder)
        self.nodes: list[ChildNode] = []

    async def boot(self, name: str) -> ChildNode:
        arguments = ("-W", "error", durable_node.__file__, self.url, str(self.marks.folder), name)
        child = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        node = ChildNode(child)
        self.nodes.append(node)
        assert child.stdout
        async with asyncio.timeout(START_S):
            assert (await child.stdout.readline()) == b"ready\n"
        return node

    async def enqueue(self, task: str, *, roll_back: bool = False) -> None:
        database = Database(self.url)
        durable = DbosDurable(self.url, node=NodeId("teller"), clock=SystemClock())
        await durable.prepare()
        await asyncio.to_thread(durable_node.enqueue, durable, database.engine, task, roll_back=roll_back)
        await durable.close()
        database.close()

    async def empty(self) -> None:
        for node in self.nodes:
            await node.kill()


class TestFakeDurable(SharedDurableContract):
    @pytest.fixture
    async def house(self, tmp_path: Path) -> AsyncIterator[FakeHouse]:
        house = FakeHouse(tmp_path)
        yield house
        for node in house.nodes:
            await node.kill()


class TestDbosOnSqlite(DurableContract):
    @pytest.fixture
    async def house(self, tmp_path: Path) -> AsyncIterator[ChildHouse]:
        house = ChildHouse(sqlite_url(tmp_path / "fairlead.db"), tmp_path)
        yield house
        await house.empty()


class TestDbosOnPostgres(SharedDurableContract):
    @pytest.fixture
    async def house(self, tmp_path: Path, postgres_url: str) -> AsyncIterator[ChildHouse]:
        house = ChildHouse(postgres_url, tmp_path)
        yield house
        await house.empty()
