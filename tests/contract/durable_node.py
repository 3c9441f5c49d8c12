"""A node in a process of its own, to be killed: runs the scenario and takes commands from its standard input."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
import structlog

from fairlead.adapters.system import SystemClock, SystemIds
from fairlead.domain.ids import NodeId, TaskId
from fairlead.engine.durable import DbosDurable
from fairlead.engine.ownership import LeaseTimes
from fairlead.store.database import Database
from fairlead.store.lease import StoreLease
from fairlead.store.leases import leases
from fairlead.testing.contracts.durable import Marks, scenario

TIMES = LeaseTimes(lease_s=4.0, renew_every_s=0.5, look_every_s=0.2, let_go_before_s=0.5)


def make_durable(database: Database, url: str, node: NodeId) -> DbosDurable:
    clock = SystemClock()
    if database.is_sqlite:
        return DbosDurable(url, node=node, clock=clock)
    leases.create(database.engine, checkfirst=True)
    return DbosDurable(url, node=node, clock=clock, lease=StoreLease(database, clock), times=TIMES)


def enqueue(durable: DbosDurable, engine: sa.Engine, task: str, *, roll_back: bool = False) -> None:
    with engine.connect() as connection, connection.begin() as transaction:
        durable.enqueue(connection, TaskId(task))
        if roll_back:
            transaction.rollback()


async def obey(durable: DbosDurable, engine: sa.Engine, words: list[str]) -> str:
    match words:
        case ["enqueue", task]:
            await asyncio.to_thread(enqueue, durable, engine, task)
            durable.wake()
        case ["resume", task, again]:
            await durable.resume(TaskId(task), again=int(again))
        case ["forget"]:
            return str(await durable.forget(SystemClock().now() + timedelta(minutes=1)))
        case ["drain"]:
            draining = asyncio.ensure_future(durable.drain(bound_s=20))
            await asyncio.sleep(0)
            print("draining", flush=True)
            await draining
            await durable.close()
    return "ok"


async def main(url: str, folder: str, name: str) -> None:
    node = NodeId(f"{name}-{SystemIds().new('node')}")
    database, marks = Database(url), Marks(Path(folder))
    durable = make_durable(database, url, node)
    await durable.launch(lambda journal: scenario(journal, marks, name))
    print("ready", flush=True)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    standard_input, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        print(await obey(durable, database.engine, line.decode().split()), flush=True)
        if line.startswith(b"drain"):
            break
    standard_input.close()
    database.close()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(*sys.argv[1:]))
