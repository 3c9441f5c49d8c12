"""Durable execution by DBOS Transact on SQLite or PostgreSQL: `ports.durable`. The only file that imports dbos.

What DBOS does not give is ours: the lease and the takeover, the drain at step boundaries, and the bell that wakes its
pollers. Private things of it are used, each in one method and under the contract suite: the recovery
(`_recover_pending_workflows`), the stop events of its threads (`background_thread_stop_events`, and of its jobs for
workflows with a delay or a deadline, which we have none of: `_background_jobs_stop_event`), and what it asks its books
in vain (`_sys_db.check_operation_execution`, `_is_latest_version`).
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, StepReservation
from dbos import error as dbos_error

from fairlead.domain.errors import Unreachable
from fairlead.domain.ids import NodeId, TaskId
from fairlead.domain.record import Json
from fairlead.engine.bell import Bell
from fairlead.engine.durable_log import take_over_log
from fairlead.engine.gate import Gate
from fairlead.engine.ownership import LeaseTimes, Ownership
from fairlead.ports.clock import Clock
from fairlead.ports.durable import Abandoned, Body, Journal, Reservation
from fairlead.ports.lease import Lease

APPLICATION = "fairlead"
ENGINE_VERSION = "engine-1"
"""Runs are only taken up under the version they began under: constant, or an upgrade strands what is parked."""
SCHEMA = "dbos"
QUEUE = "tasks"
WORKFLOW = "run_task"

AT_ONCE = 8
THREADS = 16
POOL_SIZE = 10
QUEUE_THREAD = f"queue-worker-{QUEUE}"
"""How DBOS calls the thread that takes from the queue."""
POLL_ALONE_S = 5.0
"""On SQLite every enqueue is ours and rings the bell; the polls, of all threads, only mend a ring that was lost."""
POLL_SHARED_S = 0.5
"""On PostgreSQL another node may have enqueued."""
LISTENER_S = 0.25
"""The notification thread only sleeps (we send none); what it is joined within at the end."""
BUSY_TIMEOUT_MS = 30_000
CONNECT_TIMEOUT_S = 5
DEAD_LINE_MS = 20_000
"""A PostgreSQL whose machine is gone says nothing; the kernel alone would wait a quarter of an hour."""
NOTICE_US_GONE = (
    "-c idle_in_transaction_session_timeout=8000 -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=5"
    " -c tcp_keepalives_count=3 -c tcp_user_timeout=20000"
)
"""And the server is not to keep for hours what a machine held that is gone, nor for longer than a lease what a process
that sleeps has begun."""
CACHE_KIB = 64
STATEMENTS = 32
"""Of each connection: pages of the file, and statements that it keeps compiled."""
PRAGMAS = ("foreign_keys=ON", "journal_mode=WAL", "synchronous=NORMAL")
END_RUNS_S = 5.0
QUIET_S = 0.05
FORGET_AT_ONCE = 500

log = structlog.get_logger(__name__)


class DbosDurable:
    """`ports.durable.Durable`. One in a process: DBOS is a singleton.

    `url` is the database of our own tables; on SQLite the caller holds it alone (`store.hold`), and `lease` is None;
    on PostgreSQL `lease` keeps the nodes apart. `node` is new for each boot.
    """

    def __init__(
        self,
        url: str | sa.URL,
        *,
        node: NodeId,
        clock: Clock,
        lease: Lease | None = None,
        at_once: int = AT_ONCE,
        times: LeaseTimes | None = None,
        bounded: Callable[[sa.Engine], None] = lambda _: None,
    ) -> None:
        """`bounded` sees to it that a statement on PostgreSQL that is never answered fails after a time."""
        self._url = sa.make_url(url)
        self._node = node
        self._clock = clock
        self._lease = lease
        self._times = times or LeaseTimes()
        self._at_once = at_once
        self._is_alone = self._url.get_backend_name() == "sqlite"
        self._engine = _sqlite_engine(self._url) if self._is_alone else _postgres_engine(self._url)
        if not self._is_alone:
            bounded(self._engine)
        self._serializer = DBOSPortableJSONSerializer()
        self._client = DBOSClient(
            system_database_engine=self._engine,
            serializer=self._serializer,
            application_name=APPLICATION,
            lazy=True,
        )
        self._bell = Bell()
        self._gate = Gate(clock)
        self._runs: set[asyncio.Task[Any]] = set()
        self._new: set[str] = set()
        self._ownership: Ownership | None = None
        self._dbos: DBOS | None = None

    async def prepare(self) -> None:
        """The engine's tables are there and up to date; `launch` does it too."""
        take_over_log()
        await asyncio.to_thread(DBOS.migrate, self._url.render_as_string(hide_password=False))

    async def launch(self, body: Body) -> None:
        """Ready, and taking work; what earlier processes left on this SQLite file is taken over at once."""
        if self._lease is not None:
            self._ownership = Ownership(
                self._node, self._lease, self._gate, self._clock, self._owners, self._take_over, self._times
            )
            await self._ownership.acquire()
        await self.prepare()
        self._dbos = DBOS(config=self._config())
        self._tie_the_bell(self._dbos)
        self._register(body)
        DBOS.launch()
        self._spare_looks(self._dbos)
        if jobs := getattr(self._dbos, "_background_jobs_stop_event", None):
            self._tie(jobs)
        poll_s = POLL_ALONE_S if self._is_alone else POLL_SHARED_S
        await DBOS.register_queue_async(
            QUEUE, worker_concurrency=self._at_once, polling_interval_sec=poll_s, on_conflict="always_update"
        )
        if self._ownership:
            self._ownership.start()
        else:
            await self._take_over(await self._owners())
        self._bell.ring()

    def enqueue(self, transaction: object, task: TaskId, *, again: int = 0) -> None:
        """The task will run once the transaction (a SQLAlchemy connection) commits."""
        assert isinstance(transaction, sa.Connection)
        self._put(transaction, task, again)

    async def resume(self, task: TaskId, *, again: int) -> None:
        """The unsettled task gets its run number `again`."""

        def put() -> None:
            with self._engine.begin() as connection:
                self._put(connection, task, again)

        await asyncio.to_thread(put)
        self.wake()

    def require(self) -> None:
        """`Abandoned` where this node's runs may be another's by now; never on SQLite, which one process holds."""
        if self._ownership:
            self._ownership.require()

    def wake(self) -> None:
        """Look at the queue now."""
        self._bell.ring(QUEUE_THREAD)

    async def drain(self, *, bound_s: float) -> None:
        """No step starts any more; those in flight get until the bound."""
        if self._dbos:
            for event in self._dbos.background_thread_stop_events:
                event.set()
        if not await self._gate.drain(bound_s=bound_s):
            log.warning("engine.not_drained", node=self._node, bound_s=bound_s)

    async def close(self) -> None:
        """Parked runs end here, the lease is given back, and nothing of DBOS is left running."""
        instance, self._dbos = self._dbos, None
        if instance is not None:
            await self._end_runs()
        if self._ownership:
            await self._ownership.stop()
        if instance is not None:
            with ThreadPoolExecutor(1) as own:
                closing = asyncio.get_running_loop().run_in_executor(own, _destroy)
                await closing
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
        self._engine.dispose()

    async def forget(self, before: datetime) -> int:
        """Journals of runs that ended before are deleted."""
        forgotten = 0
        while True:
            old = await self._client.list_workflows_async(
                status=["SUCCESS", "ERROR", "CANCELLED"],
                completed_before=before.astimezone(UTC).isoformat(),
                limit=FORGET_AT_ONCE,
                load_input=False,
                load_output=False,
            )
            if not old:
                return forgotten
            await self._client.delete_workflows_async([run.workflow_id for run in old])
            forgotten += len(old)

    # inside

    def _tie_the_bell(self, dbos: DBOS) -> None:
        """Before its threads begin: one that waits already would sleep its whole first poll, which after a death is
        what the tasks left behind wait for."""
        dbos.background_thread_stop_events = _Tied(self._tie)

    def _tie(self, event: threading.Event) -> None:
        self._bell.tie_to(event, at_least_s=POLL_ALONE_S if self._is_alone else 0.0)

    def _spare_looks(self, dbos: DBOS) -> None:
        """Before each step DBOS reads the books twice for its record, of which a run whose first one this process made
        has none: thirty times in a deployment. Whose run it is by now is asked when a record is written. And before
        each look at the queue it asks which version is the latest: ours has one."""
        look = dbos._sys_db.check_operation_execution

        def spared(run: str, *step: Any, **more: Any) -> Any:
            return None if run in self._new else look(run, *step, **more)

        def is_latest(_: str, connection: sa.Connection | None = None) -> bool:
            return True

        dbos._sys_db._is_latest_version = is_latest  # type: ignore[assignment, method-assign]
        dbos._sys_db.check_operation_execution = spared  # type: ignore[assignment, method-assign]

    def _is_over(self, run: asyncio.Task[Any]) -> None:
        had_room = len(self._runs) < self._at_once // 2
        self._runs.discard(run)
        # Its place in the queue is free; where others were free anyhow, who asks for how it ended comes first.
        asyncio.get_running_loop().call_later(QUIET_S if had_room else 0, self.wake)

    async def _end_runs(self) -> None:
        for run in self._runs:
            run.cancel()
        if self._runs:
            await asyncio.wait(self._runs, timeout=END_RUNS_S)

    def _config(self) -> DBOSConfig:
        return {
            "name": APPLICATION,
            "system_database_url": self._url.render_as_string(hide_password=False),
            "system_database_engine": self._engine,
            "application_version": ENGINE_VERSION,
            "executor_id": self._node,
            "serializer": self._serializer,
            "max_executor_threads": THREADS,
            "use_listen_notify": False,
            "notification_listener_polling_interval_sec": LISTENER_S,
            "run_migrations": False,
            "log_level": "WARNING",
        }

    def _register(self, body: Body) -> None:
        async def run_task(task: str, again: int) -> None:
            self._new.discard(_run_id(TaskId(task), again))
            journal: Journal = _DbosJournal(TaskId(task), again, self._gate, self._client, self._gate.epoch, self._new)
            run = asyncio.current_task()
            assert run is not None
            self._runs.add(run)
            run.add_done_callback(self._is_over)
            try:
                await body(journal)
            except Abandoned as abandoned:
                log.warning("task.abandoned", task=task, node=self._node)
                # Nothing is written of a cancelled workflow, and its place in the queue is free again.
                raise asyncio.CancelledError from abandoned
            except Exception as raised:
                log.error("task.broken", task=task, node=self._node, error=repr(raised))
                raise
            finally:
                self._new.discard(_run_id(TaskId(task), again))

        DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(run_task)

    def _put(self, connection: sa.Connection, task: TaskId, again: int) -> None:
        self._client.enqueue_in_transaction(
            connection,
            {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": _run_id(task, again),
                "app_version": ENGINE_VERSION,
            },
            task,
            again,
        )

    async def _owners(self) -> Sequence[NodeId]:
        """The nodes that runs which are not over belong to, ours among them."""
        schema = None if self._is_alone else SCHEMA
        columns: list[sa.ColumnClause[str]] = [
            sa.column(name) for name in ("status", "application_version", "executor_id")
        ]
        table = sa.table("workflow_status", *columns, schema=schema)
        unfinished = (table.c.status == "PENDING", table.c.application_version == ENGINE_VERSION)

        def ask() -> list[NodeId]:
            try:
                with self._engine.connect() as connection:
                    asked = sa.select(table.c.executor_id).where(*unfinished).distinct()
                    return [NodeId(owner) for owner in connection.execute(asked).scalars() if owner]
            except sa.exc.OperationalError as error:
                raise Unreachable("store.unreachable", f"the database does not answer: {error.orig}") from error

        return await asyncio.to_thread(ask)

    async def _take_over(self, dead: Sequence[NodeId]) -> None:
        """The runs of the dead go back to the queue, each once however many nodes ask (a compare and set in DBOS)."""
        if dead:
            await asyncio.to_thread(DBOS._recover_pending_workflows, list(dead))
            self._bell.ring()


class _Tied(list[threading.Event]):
    """Stop events of DBOS's threads; each is tied as it is put in, before its thread begins."""

    def __init__(self, tie: Callable[[threading.Event], None]) -> None:
        super().__init__()
        self._tie = tie

    def append(self, event: threading.Event) -> None:
        self._tie(event)
        super().append(event)


@dataclass(slots=True)
class _DbosJournal:
    """`ports.durable.Journal` in a running workflow.

    `new` names the runs whose first record, the one that all others come after, this process made: none of them is kept
    yet, and nobody looks for it.
    """

    task: TaskId
    again: int
    gate: Gate
    client: DBOSClient
    epoch: int
    new: set[str]
    first: Reservation | None = None

    def reserve(self) -> Reservation:
        place = DBOS.reserve_step()
        if self.first is None:
            self.first = place
        return place

    async def record(self, place: Reservation, name: str, work: Callable[[], Awaitable[Json]]) -> Json:
        assert isinstance(place, StepReservation)
        self.gate.require(self.epoch)
        step = self.gate.step(self.epoch)

        async def answer() -> Json:
            if place is self.first:
                self.new.add(_run_id(self.task, self.again))
            return await step.run(work)

        try:
            return cast(Json, await place.run_async({"name": name}, answer))
        except (dbos_error.DBOSWorkflowConflictIDError, dbos_error.DBOSWorkflowCancelledError) as lost:
            raise Abandoned from lost
        finally:
            step.over()

    async def pause(self, seconds: float) -> None:
        await self.gate.pause(seconds)

    async def earlier(self) -> Mapping[str, Json]:
        found: dict[str, Json] = {}
        for again in range(self.again):
            for step in await self.client.list_workflow_steps_async(_run_id(self.task, again)):
                found[step["function_name"]] = cast(Json, step["output"])
        return found


def _run_id(task: TaskId, again: int) -> str:
    return f"{task}:{again}" if again else task


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        url,
        pool_size=POOL_SIZE,
        pool_use_lifo=True,  # few connections are used much, and the others hold little
        connect_args={"cached_statements": STATEMENTS},
    )

    sa.event.listen(engine, "handle_error", _wait_for_room)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        # NORMAL: a loss of power may cost the last checkpoints, and what they cover is looked at and done again; the
        # commit point itself is written by the store, in full. A kill costs nothing.
        for pragma in (*PRAGMAS, f"busy_timeout={BUSY_TIMEOUT_MS}", f"cache_size=-{CACHE_KIB}"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _wait_for_room(context: sa.ExceptionContext) -> None:
    """DBOS waits while a database is locked, and gives a run up where its disk is full: there, too, it is to wait."""
    said = str(context.original_exception)
    if "disk is full" in said:
        raise sqlite3.OperationalError(f"database is locked: {said}") from context.original_exception


def _postgres_engine(url: sa.URL) -> sa.Engine:
    psycopg = url.set(drivername="postgresql+psycopg")
    noticed = {"connect_timeout": CONNECT_TIMEOUT_S, "tcp_user_timeout": DEAD_LINE_MS}
    noticed |= {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 3}
    arguments: dict[str, int | str] = {**noticed, "options": NOTICE_US_GONE}
    pool = {"pool_size": POOL_SIZE, "max_overflow": POOL_SIZE, "pool_pre_ping": True}
    return sa.create_engine(psycopg, connect_args=arguments, **pool)


def _destroy() -> None:
    DBOS.destroy(destroy_registry=True)
