"""The database locked, full, cut off, silent; clocks that jump: work waits, and goes on where it was."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from fairlead.adapters.proxies.haproxy_books import Books, Claim, Holding, Tally
from fairlead.adapters.proxies.haproxy_files import HaproxyFiles
from fairlead.adapters.proxies.haproxy_settings import HaproxySettings
from fairlead.adapters.system import SystemClock, SystemIds
from fairlead.domain.colour import Colour
from fairlead.domain.effect import Done, NotYet
from fairlead.domain.errors import Failed, Unreachable
from fairlead.domain.ids import NodeId, TaskId
from fairlead.domain.plan import Effect, Plan, Sequence
from fairlead.domain.task import TaskState
from fairlead.engine import durable as durable_module
from fairlead.engine.durable import DbosDurable
from fairlead.engine.interpreter import Interpreter
from fairlead.engine.ownership import LeaseTimes
from fairlead.engine.parts import Parts, Patience
from fairlead.ports.proxy import RouteSpec
from fairlead.store import answered_in_time as answered_in_time_module
from fairlead.store import database as database_module
from fairlead.store import settings as kept
from fairlead.store.answered_in_time import answered_in_time
from fairlead.store.database import Database, sqlite_url
from fairlead.store.lease import StoreLease
from fairlead.store.leases import leases
from fairlead.store.rows import upsert
from fairlead.testing.contracts.durable import until
from fairlead.testing.fake_clock import FakeClock
from fairlead.testing.fake_records import FakeRecords
from fairlead.testing.fake_tasks import FakeBinder, FakeTaskLog, FakeTasks
from fairlead.testing.fault_proxy import Drop, FaultProxy
from fairlead.testing.toy_world import World, kinds_of, toy_tools

PATIENCE = Patience(undo_s=0.5, onward_s=0.5, first_pause_s=0.02, last_pause_s=0.1, cancel_poll_s=5.0)
TIMES = LeaseTimes(lease_s=2.0, renew_every_s=0.2, look_every_s=0.2, let_go_before_s=0.5)
COMMIT = Effect("commit", "commit", "commit")
MOST_S = 30.0


class WrittenTasks(FakeTasks):
    """The fake book, whose begin and end are written to a real database first."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database

    async def state(self, task: TaskId, state: TaskState) -> None:
        await self.database.write(lambda connection: kept.put(connection, f"state:{task}", state.value))
        await super().state(task, state)

    async def end(self, task, end) -> None:
        await self.database.write(lambda connection: kept.put(connection, f"end:{task}", end.state.value))
        await super().end(task, end)


@dataclass
class Server:
    world: World
    tasks: WrittenTasks
    binder: FakeBinder
    durable: DbosDurable
    database: Database

    async def submit(self, name: str, *middle: Effect) -> TaskId:
        task = TaskId(name)
        forward = Sequence((put("before"), *middle, put("after")))
        self.binder.plans[task] = Plan("deployment", "t", {}, forward, COMMIT)

        def enqueue() -> None:
            with self.database.transaction() as connection:
                self.durable.enqueue(connection, task)

        await asyncio.to_thread(enqueue)
        self.durable.wake()
        return task

    async def succeeded(self, task: TaskId) -> None:
        async with asyncio.timeout(MOST_S):
            await until(lambda: self.tasks.entry(task).state is TaskState.SUCCEEDED)
        assert TaskState.UNSETTLED not in self.tasks.entry(task).states
        assert set(self.world.things) == {"before", "after"}


class Struck:
    """An effect in whose middle something happens."""

    def __init__(self, deed: Callable[[], object]) -> None:
        self.deed = deed
        self.begun = asyncio.Event()

    async def look(self, effect, tools):
        return Done() if self.begun.is_set() else NotYet()

    async def do(self, effect, tools):
        self.begun.set()
        done = self.deed()
        if asyncio.iscoroutine(done):
            await done
        return Done()

    async def undo(self, effect, tools) -> None: ...


def put(name: str) -> Effect:
    return Effect("put", f"put {name}", f"put {name}", {"name": name})


STRIKE = Effect("strike", "strike", "strike")


@asynccontextmanager
async def serving(
    url: str, strike: Struck, *, is_shared: bool = False, clock: SystemClock | None = None
) -> AsyncIterator[Server]:
    database, clock = Database(url), clock or SystemClock()
    kept_tables(database)
    world, binder, tasks, log = World(), FakeBinder(), WrittenTasks(database), FakeTaskLog(clock)
    effects = {**kinds_of(world), "strike": strike}
    tools = partial(toy_tools, clock=clock, task_log=log, records=FakeRecords())
    node = NodeId("node-1")
    parts = Parts(node, effects, tools, tasks, binder, world.is_committed, log, clock, PATIENCE)
    lease = StoreLease(database, clock) if is_shared else None
    durable = DbosDurable(url, node=node, clock=clock, lease=lease, times=TIMES, bounded=answered_in_time)
    await durable.launch(Interpreter(parts))
    try:
        yield Server(world, tasks, binder, durable, database)
    finally:
        await durable.drain(bound_s=5)
        await durable.close()
        database.close()


def kept_tables(database: Database) -> None:
    for table in (kept.settings, leases):
        table.create(database.engine, checkfirst=True)


def fill(place: Path) -> Path:
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        for size in (4096, 1):
            while True:
                try:
                    if file.write(b"x" * size) < size:
                        break
                except OSError:
                    break
    return ballast


async def test_a_disk_that_is_full_is_waited_for_and_the_work_goes_on(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both of our pools meet the full disk: the books' in the effect, the journal's when the effect is to be kept."""
    ballast: list[Path] = []
    codes: list[str] = []
    missed = asyncio.Event()

    async def fill_up() -> None:
        ballast.append(fill(small_disk))
        try:
            for number in range(2000):
                await server.database.write(lambda connection, n=number: kept.put(connection, f"n{n}", "x" * 4000))
        except Unreachable as full:
            codes.append(full.code)

    def listen(context: sa.ExceptionContext) -> None:
        loop.call_soon_threadsafe(missed.set)
        waits(context)

    waits = durable_module._wait_for_room
    monkeypatch.setattr(durable_module, "_wait_for_room", listen)
    loop, strike = asyncio.get_running_loop(), Struck(fill_up)
    async with serving(sqlite_url(small_disk / "fairlead.db"), strike) as server:
        task = await server.submit("task-1", STRIKE)
        async with asyncio.timeout(MOST_S):
            await missed.wait()
        assert codes == ["host.disk"]
        assert server.tasks.entry(task).state is TaskState.RUNNING
        ballast[0].unlink()
        await server.succeeded(task)


def test_the_proxys_files_are_as_they_were_where_the_disk_is_full(small_disk: Path) -> None:
    settings = HaproxySettings(small_disk, http_port=81, https_port=None)
    files = HaproxyFiles(settings)
    books = Books(settings.backends, settings.servers)
    files.write_all(books)
    kept_before = {path: path.read_bytes() for path in (settings.books, settings.map, settings.config)}
    ballast = fill(small_disk)
    spec = RouteSpec("books/production/web/0", "books.example.com")
    claims = {Colour.BLUE: Claim("fl0000", before=Tally()), Colour.GREEN: Claim("fl0001", before=Tally())}
    claimed = books.with_holding(Holding(spec, claims))
    with pytest.raises(Failed) as raised:
        files.write(claimed)
    assert raised.value.code == "host.disk"
    assert {path: path.read_bytes() for path in kept_before} == kept_before
    assert not list(small_disk.glob(".*.new"))
    ballast.unlink()
    files.write(claimed)
    assert HaproxyFiles(settings).read().holdings.keys() == {spec.name}


async def test_a_database_that_another_process_locks_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "fairlead.db"
    locks: list[sqlite3.Connection] = []

    def lock() -> None:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        locks.append(other)

    strike = Struck(lock)
    async with serving(sqlite_url(path), strike) as server:
        for engine in (server.database.engine, server.durable._engine):
            sa.event.listen(engine, "checkout", lambda raw, *_: raw.execute("PRAGMA busy_timeout=100"))
        task = await server.submit("task-1", STRIKE)
        await strike.begun.wait()
        with pytest.raises(Exception, match="locked"):
            await server.database.write(lambda connection: kept.put(connection, "n", 1))
        locks[0].execute("COMMIT")
        locks[0].close()
        await server.succeeded(task)


class Wire:
    """A proxy of faults in a thread of its own: the engine's start asks the database from the event loop."""

    def __init__(self, listen: str, target: str) -> None:
        self.proxy = FaultProxy(listen, target)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.open()

    def open(self) -> None:
        asyncio.run_coroutine_threadsafe(self.proxy.open(), self.loop).result(10)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.proxy.close(), self.loop).result(10)

    def cut(self) -> None:
        self.loop.call_soon_threadsafe(self.proxy.cut)

    def end(self) -> None:
        self.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


@pytest.fixture
def wire(postgres_url: str, free_port: Callable[[], int]) -> Iterator[tuple[Wire, str]]:
    """A proxy of faults before PostgreSQL, and the database's URL through it."""
    there, here = sa.make_url(postgres_url), free_port()
    made = Wire(f"tcp:127.0.0.1:{here}", f"tcp:127.0.0.1:{there.port}")
    yield made, there.set(port=here).render_as_string(hide_password=False)
    made.end()


async def test_a_database_that_is_gone_for_longer_than_a_lease_is_waited_for(wire: tuple[Wire, str]) -> None:
    """The run is let go, and taken up again where its journal ends."""
    proxy, url = wire
    strike = Struck(proxy.close)
    async with serving(url, strike, is_shared=True) as server:
        task = await server.submit("task-1", STRIKE)
        await strike.begun.wait()
        await until(lambda: server.durable._gate._lost.is_set())
        proxy.open()
        await server.succeeded(task)
        assert server.world.did.count("put before") == 1, "what was kept is not done again"


async def test_connections_that_are_cut_are_made_anew(wire: tuple[Wire, str]) -> None:
    proxy, url = wire
    strike = Struck(proxy.cut)
    async with serving(url, strike, is_shared=True) as server:
        task = await server.submit("task-1", STRIKE)
        await server.succeeded(task)
        assert strike.begun.is_set()


async def test_a_database_whose_machine_is_gone_is_noticed_by_both_of_our_pools(wire: tuple[Wire, str]) -> None:
    """Nothing comes back from it, not even an end: the kernel is told to give such a line up soon."""
    _, url = wire
    async with serving(url, Struck(bool), is_shared=True) as server:
        for engine in (server.database.engine, server.durable._engine):
            with engine.connect() as connection:
                told = connection.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]
                assert (told["connect_timeout"], told["tcp_user_timeout"]) == ("5", "20000")
                assert (told["keepalives_idle"], told["keepalives_count"]) == ("5", "3")


async def test_the_database_notices_a_server_whose_machine_is_gone(postgres_url: str) -> None:
    """Its hold would keep every other server out for hours, and its transactions their locks."""
    names = ("tcp_keepalives_idle", "tcp_keepalives_count", "tcp_user_timeout", "idle_in_transaction_session_timeout")
    async with serving(postgres_url, Struck(bool), is_shared=True) as server:
        for engine in (server.database.engine, server.durable._engine):
            with engine.connect() as connection:
                told = [connection.execute(sa.text(f"SHOW {name}")).scalar_one() for name in names]
                assert told == ["5", "3", "20000", "8s"]


async def test_a_server_that_sleeps_in_the_middle_of_a_transaction_holds_nobody_up(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does what it had begun count once it wakes: its transaction is over."""
    monkeypatch.setattr(database_module, "ASLEEP_S", 1)
    asleep, other = Database(postgres_url), Database(postgres_url)
    kept_tables(other)
    with pytest.raises(Unreachable), asleep.transaction() as connection:
        kept.put(connection, "key", "of the one that sleeps")
        await other.write(lambda another: kept.put(another, "key", "of the other"))
    assert await other.read(lambda another: kept.value(another, "key")) == "of the other"
    asleep.close()
    other.close()


async def test_a_database_that_takes_our_words_and_never_answers_is_given_up(
    wire: tuple[Wire, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line is well and the server hangs: its own bound for a statement holds nothing."""
    proxy, url = wire
    monkeypatch.setattr(answered_in_time_module, "ANSWER_S", 1.0)
    database = Database(url)
    database.check()
    proxy.proxy.strike(Drop())
    for _ in range(2):  # on the connection that there was, and on a new one
        begun = time.monotonic()
        with pytest.raises(Unreachable) as raised:
            await asyncio.to_thread(database.check)
        assert raised.value.code == "store.unreachable"
        assert time.monotonic() - begun < 12.0
    proxy.proxy.heal()
    await asyncio.to_thread(database.check)
    database.close()


async def test_work_goes_on_after_a_database_that_did_not_answer_for_a_while(
    wire: tuple[Wire, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In both of our pools: a run's journal waits for no answer that will never come."""
    proxy, url = wire
    monkeypatch.setattr(answered_in_time_module, "ANSWER_S", 1.0)

    async def hang() -> None:
        proxy.proxy.strike(Drop())
        asyncio.get_running_loop().call_later(2.5, proxy.proxy.heal)

    async with serving(url, Struck(hang), is_shared=True) as server:
        task = await server.submit("task-1", STRIKE)
        await server.succeeded(task)
        assert server.world.did.count("put before") == 1, "what was kept is not done again"


async def test_what_waits_for_news_is_not_given_up(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answered_in_time_module, "ANSWER_S", 0.2)
    database = Database(postgres_url)

    def wait_for_news() -> list[object]:
        with database.engine.connect() as connection:
            line = connection.connection.driver_connection
            line.autocommit = True  # type: ignore[union-attr]
            return list(line.notifies(timeout=1.0))  # type: ignore[union-attr]

    assert await asyncio.to_thread(wait_for_news) == []
    database.close()


# clocks


class Jumping(SystemClock):
    """The machine's clock, until somebody sets it."""

    jumped = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.jumped


@pytest.mark.parametrize("hours", [-1, 1], ids=["back", "on"])
async def test_a_clock_that_jumps_does_not_stop_what_runs(tmp_path: Path, hours: int) -> None:
    clock = Jumping()
    strike = Struck(lambda: setattr(clock, "jumped", timedelta(hours=hours)))
    async with serving(sqlite_url(tmp_path / "fairlead.db"), strike, clock=clock) as server:
        task = await server.submit("task-1", STRIKE)
        await server.succeeded(task)


async def test_a_dead_node_is_found_although_the_databases_clock_was_set_back(wire: tuple[Wire, str]) -> None:
    """Its lease seems to run for another hour; what counts is that it is not renewed any more."""
    _, url = wire
    database, clock = Database(url), FakeClock()
    await asyncio.to_thread(kept_tables, database)
    lease, ahead = StoreLease(database, clock), datetime.now(UTC) + timedelta(hours=1)

    def renew(connection: sa.Connection, node: str, until: datetime) -> None:
        upsert(connection, leases, {"node": node, "until": until})

    await database.write(lambda connection: renew(connection, "dead", ahead))
    await database.write(lambda connection: renew(connection, "alive", ahead))
    nodes = [NodeId("dead"), NodeId("alive")]
    for second in range(12):
        assert list(await lease.dead(nodes)) == []
        clock.advance(2.0)
        after = ahead + timedelta(seconds=second + 1)
        await database.write(lambda connection, until=after: renew(connection, "alive", until))
    clock.advance(2.0)
    assert list(await lease.dead(nodes)) == [NodeId("dead")]
    database.close()


def test_ids_go_on_in_their_order_although_the_clock_was_set_back() -> None:
    before = SystemIds().new("task")
    later = "task-" + "zz" + before.removeprefix("task-")[2:]
    ids = SystemIds()
    ids.go_on_after(later)
    assert later < ids.new("task") < ids.new("task")
    ids.go_on_after("")
    assert later < ids.new("task")
