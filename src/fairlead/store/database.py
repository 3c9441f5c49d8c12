"""The database: SQLite by default, PostgreSQL by URL; short transactions, and threads to wait for them in."""

from __future__ import annotations

import asyncio
import contextvars
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from fairlead.domain.errors import Conflict, FairleadError, Invalid, Refused, Unreachable
from fairlead.store.answered_in_time import SLEPT, answered_in_time

T = TypeVar("T")

Connection = sa.Connection
"""An open transaction, as use cases hand it on."""

BUSY_TIMEOUT_S = 20
"""How long a write waits for another on SQLite, and a statement may take on PostgreSQL."""
CONNECT_TIMEOUT_S = 5
CACHE_KIB = 256
"""For each connection to SQLite: the file's pages are in the system's cache already, and not once more in ours."""
STATEMENTS = 32
"""That each connection to SQLite keeps compiled."""
POOL_SIZE = 8
OVERFLOW = 24
THREADS = 6
"""For the asynchronous ports: a deployment writes a few rows a second, so few are enough and memory stays small."""

NOTICE_A_DEAD_LINE = {
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""libpq's: a server whose machine is gone says nothing, and the kernel alone would wait a quarter of an hour."""

NOTICE_US_GONE = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
NOTICE_US_GONE += " -c tcp_user_timeout=20000"
"""The server's: where our machine is gone, another's must not wait hours for what our sessions hold."""

ASLEEP_S = 8
"""How long a transaction may be left open with nothing asked in it: as long as a lease. Who sleeps in the middle of one
(suspended, or without a machine) keeps nobody from taking over, and writes nothing once another has."""

MAY_CREATE = """select has_database_privilege(current_database(), 'CREATE')
or exists (select from pg_namespace where nspname = 'dbos')"""
"""Or did so before: the durable engine has a schema of its own."""
NOT_ALLOWED = "42501"
"""PostgreSQL's insufficient_privilege (Appendix A)."""

_READS = "fairlead_reads"
_LAST = "fairlead_last"
_SAVED = "fairlead_saved"
_DURABLE = "fairlead_durable"


class _TakenBack(Exception):
    """Ends a transaction without a trace."""


class Database:
    """One pool of connections. Synchronous; `run` lets asynchronous code wait for it in a thread."""

    def __init__(self, url: str) -> None:
        self.url = _driver_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url) if self.is_sqlite else _postgres_engine(self.url)
        _forget_what_savepoints_take_back(self.engine)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="store")

    @property
    def path(self) -> Path | None:
        """The file on SQLite; None on PostgreSQL."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @property
    def is_within(self) -> bool:
        """Whether it is inside of a transaction that somebody else opened (`within`)."""
        return False

    @contextmanager
    def transaction(self, *, is_durable: bool = False) -> Iterator[sa.Connection]:
        """Reads and writes, all or nothing. On SQLite the one writer's lock is taken at once, so that what was read
        still holds when it is written; with `is_durable` the commit outlives a loss of power (law 2's commit point)."""
        with _in_our_words(self.url), self.engine.connect() as connection:
            connection.execution_options(**{_DURABLE: is_durable})
            with connection.begin():
                last: list[tuple[Callable[[sa.Connection, Sequence[Any]], None], Any]] = []
                connection.info.update({_LAST: last, _SAVED: []})
                try:
                    yield connection
                    for work, items in groupby(last, key=itemgetter(0)):
                        work(connection, [item for _, item in items])
                finally:
                    del connection.info[_LAST]

    def tried(self, work: Callable[[sa.Connection], T]) -> T:
        """What `work` returns in a transaction that is taken back: nothing of what it wrote stays."""
        found: list[T] = []
        with suppress(_TakenBack), self.transaction() as connection:
            found.append(work(connection))
            raise _TakenBack
        return found[0]

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Reads of one moment, without holding up writers."""
        with _in_our_words(self.url), self.engine.connect() as connection:
            connection.execution_options(**{_READS: True})
            with connection.begin():
                yield connection

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns, waited for in one of a few threads."""
        inside = contextvars.copy_context()  # as `asyncio.to_thread` does
        return await asyncio.get_running_loop().run_in_executor(self._threads, inside.run, work)

    async def write(self, work: Callable[[sa.Connection], T], *, is_durable: bool = False) -> T:
        """`work` in a transaction of its own, in a thread."""

        def inside() -> T:
            with self.transaction(is_durable=is_durable) as connection:
                return work(connection)

        return await self.run(inside)

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """`work` in a reading transaction of its own, in a thread."""

        def inside() -> T:
            with self.reading() as connection:
                return work(connection)

        return await self.run(inside)

    def within(self, connection: sa.Connection) -> Database:
        """This database inside of one open transaction: what would begin a transaction of its own takes part in that
        one, and is kept or undone with it. For one thread, until the transaction ends."""
        return _Within(self, connection)

    def guarded(self, require: Callable[[], None]) -> Database:
        """The same database. Each transaction asks `require` last, right before its commit, and is taken back where
        that raises: for what is written for a task, which may be another owner's by then (law 6). On SQLite, which one
        process holds, nothing is asked."""
        return self if self.is_sqlite else _Guarded(self, require)

    def check(self) -> None:
        """It answers; Unreachable `store.unreachable` where it does not, Refused `server.state` where it cannot hold
        every letter, or the engine's own tables cannot be made in it."""
        with self.reading() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("PRAGMA schema_version")  # reads the file
            self._refuse_other_letters(connection)
            if not self.is_sqlite and not connection.execute(sa.text(MAY_CREATE)).scalar_one():
                raise _not_allowed(self.url, f"permission denied to create a schema in {self.url.database}")

    def _refuse_other_letters(self, connection: sa.Connection) -> None:
        """Refused `server.state` where PostgreSQL keeps the database in another encoding than UTF-8."""
        held = "UTF8" if self.is_sqlite else str(connection.execute(sa.text("show server_encoding")).scalar_one())
        if held != "UTF8":
            raise Refused(
                "server.state",
                f"the database's encoding is {held}, and cannot hold every letter",
                thing=str(self.url.database),
                hint="make one with: createdb --encoding UTF8 --template template0 NAME",
            )

    def close(self) -> None:
        """All connections are closed; what runs in threads is waited for."""
        self._threads.shutdown(wait=True)
        self.engine.dispose()


class _Within(Database):
    """Several use cases in one transaction: all of them happen, or none."""

    def __init__(self, outer: Database, connection: sa.Connection) -> None:
        self.url, self.is_sqlite, self.engine = outer.url, outer.is_sqlite, outer.engine
        self._threads, self._connection = outer._threads, connection

    @property
    def is_within(self) -> bool:
        return True

    @contextmanager
    def transaction(self, *, is_durable: bool = False) -> Iterator[sa.Connection]:
        yield self._connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        yield self._connection


class _Guarded(Database):
    """Whose transactions count only where they are still wanted at their end."""

    def __init__(self, outer: Database, require: Callable[[], None]) -> None:
        self.url, self.is_sqlite, self.engine = outer.url, outer.is_sqlite, outer.engine
        self._threads, self._outer, self._require = outer._threads, outer, require

    @contextmanager
    def transaction(self, *, is_durable: bool = False) -> Iterator[sa.Connection]:
        with self._outer.transaction(is_durable=is_durable) as connection:
            yield connection
            before_commit(connection, lambda *_: self._require(), None)


def before_commit(connection: sa.Connection, work: Callable[[sa.Connection, Sequence[T]], None], item: T) -> None:
    """`work` is done with the item last of all in the transaction; not at all where it, or the savepoint around this
    call, is taken back. It has all items at once that it was asked for in a row. For what many transactions wait for
    each other over: nothing is waited for behind it but the commit."""
    connection.info[_LAST].append((work, item))


def sqlite_url(path: Path) -> str:
    """The URL of a database file."""
    return f"sqlite:///{path}"


def _driver_url(url: str) -> sa.URL:
    try:
        made = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:  # a port that is no number
        raise _wrong_url("the database's URL cannot be read") from error
    if made.drivername in ("postgres", "postgresql"):
        made = made.set(drivername="postgresql+psycopg")
    if made.drivername not in ("sqlite", "postgresql+psycopg"):
        raise _wrong_url(f"{made.drivername} is not a database that is supported")
    if made.drivername == "sqlite" and made.database in (None, "", ":memory:"):
        raise _wrong_url("SQLite is given without a file")
    return made


def _wrong_url(said: str) -> Invalid:
    hint = "sqlite:////path/fairlead.db or postgresql://user:password@host/name; of a password, @ / : % are written "
    return Invalid("server.settings", said, thing="database_url", hint=f"{hint}%40 %2F %3A %25")


def _forget_what_savepoints_take_back(engine: sa.Engine) -> None:
    """Savepoints lie in each other, so a stack of how much was asked for before each is enough."""

    @sa.event.listens_for(engine, "savepoint")
    def remember(connection: sa.Connection, _: str | None) -> None:
        connection.info.setdefault(_SAVED, []).append(len(connection.info.get(_LAST, ())))

    @sa.event.listens_for(engine, "rollback_savepoint")
    def forget(connection: sa.Connection, _: str, __: object) -> None:
        del connection.info.get(_LAST, [])[connection.info[_SAVED].pop() :]

    @sa.event.listens_for(engine, "release_savepoint")
    def keep(connection: sa.Connection, _: str, __: object) -> None:
        connection.info[_SAVED].pop()


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        url,
        pool_size=POOL_SIZE,
        pool_use_lifo=True,  # few connections are used much, and the others hold little
        max_overflow=OVERFLOW,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False, "cached_statements": STATEMENTS},
    )

    @sa.event.listens_for(engine, "do_connect")
    def make_private(*_: object) -> None:  # SQLite would let others read it, and makes its other files like it
        with suppress(OSError):
            # Never one that is there: to close it takes SQLite's own locks on it away, in all of this process, and the
            # next program that ends would take away the log under us (sqlite.org/howtocorrupt.html, 2.2).
            os.close(os.open(str(url.database), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves: the driver's own would come too late
        connection.create_function("lower", 1, _lower, deterministic=True)  # its own knows the letters a to z alone
        cache = f"cache_size=-{CACHE_KIB}"
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL", "temp_store=MEMORY", cache):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        is_durable = bool(options.get(_DURABLE))
        if connection.info.get(_DURABLE, False) != is_durable:  # kept with the driver's connection over its uses
            connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if is_durable else 'NORMAL'}")
            connection.info[_DURABLE] = is_durable
        connection.exec_driver_sql("BEGIN" if options.get(_READS) else "BEGIN IMMEDIATE")

    return engine


def _lower(held: Any) -> Any:
    return held.lower() if isinstance(held, str) else held


def _postgres_engine(url: sa.URL) -> sa.Engine:
    asleep = f"-c idle_in_transaction_session_timeout={ASLEEP_S * 1000}"
    options = f"-c statement_timeout={BUSY_TIMEOUT_S * 1000} {asleep} -c timezone=UTC {NOTICE_US_GONE}"
    engine = sa.create_engine(
        url,
        pool_size=POOL_SIZE,
        pool_use_lifo=True,  # few are used much: each has to learn tables and statements for itself
        max_overflow=OVERFLOW,
        pool_pre_ping=True,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "options": options, **NOTICE_A_DEAD_LINE},
    )
    answered_in_time(engine)
    return engine


def _not_allowed(url: sa.URL, said: str) -> Refused:
    return Refused(
        "server.state",
        f"the database does not let its user do that: {said}",
        thing=url.render_as_string(hide_password=True),
        hint=f"make its user the owner: ALTER DATABASE {url.database} OWNER TO {url.username}",
    )


@contextmanager
def _in_our_words(url: sa.URL) -> Iterator[None]:
    """What the driver says becomes what an operator can act on; our own errors pass."""
    try:
        yield
    except FairleadError:
        raise
    except sa.exc.OperationalError as error:
        said = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else "no words"
        where = url.render_as_string(hide_password=True)
        if "disk is full" in said or "No space left" in said:  # no answer, and no "no": asked again, it may be well
            hint = "free space there: what waits for the database goes on by itself"
            raise Unreachable(
                "host.disk", f"the disk of the database is full: {said}", thing=where, hint=hint
            ) from error
        if said.startswith(("no such column", "no such table")):
            raise Refused(
                "server.state",
                f"the database's tables are not as this version of Fairlead needs them: {said}",
                hint="changed by hand, or made by an unreleased version: put back what made them, or a backup",
            ) from error
        raise Unreachable(
            "store.unreachable",
            f"the database does not answer: {said}",
            thing=where,
            hint="is it running, and is the address right?",
        ) from error
    except (sa.exc.TimeoutError, sa.exc.InterfaceError) as error:
        raise Unreachable("store.unreachable", f"no connection to the database: {error}", thing=str(url)) from error
    except sa.exc.IntegrityError as error:
        said = str(error.orig).strip().splitlines()[0]
        raise Conflict("edit.conflict", f"the change does not fit what is there: {said}") from error
    except sa.exc.DatabaseError as error:
        if getattr(error.orig, "sqlstate", "") == NOT_ALLOWED:
            raise _not_allowed(url, str(error.orig).strip().splitlines()[0]) from error
        if getattr(error.orig, "sqlstate", "") == SLEPT:
            said = f"the transaction was left open for {ASLEEP_S} s, and is over"
            raise Unreachable("store.unreachable", said, thing=url.render_as_string(hide_password=True)) from error
        if type(error) is not sa.exc.DatabaseError:  # a statement that is wrong is a bug, and stays one
            raise
        raise Refused(
            "server.state",
            f"the database cannot be used: {error.orig}",
            thing=url.render_as_string(hide_password=True),
            hint="is it the right file? restore a backup (fairlead-server restore) if it is damaged",
        ) from error
