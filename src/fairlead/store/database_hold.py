"""One server for each database, wherever its data directory lies: a lock that ends with the process, however that ends.

On SQLite a lock of a file beside the database (`hold` locks the data directory, and the database may lie elsewhere);
on PostgreSQL an advisory lock of a session of our own, which the database gives back when the session is gone.
"""

from __future__ import annotations

import fcntl
import os

import sqlalchemy as sa

from fairlead.domain.errors import Refused, Unreachable
from fairlead.store.database import Database

ADVISORY = (0x666C, 1)
"""The two numbers of our advisory lock; they are looked for within the one database."""

_TAKE = sa.text("SELECT pg_try_advisory_lock(:first, :second)")
_HOLDER = sa.text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.classid = :first AND l.objid = :second AND l.granted "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_NUMBERS = dict(zip(("first", "second"), ADVISORY, strict=True))
LONGEST_NAME = 60
"""Bytes that PostgreSQL keeps of an application's name, less three."""


class DatabaseHold:
    """The database is held while this is open; `name` tells others who holds it. Refused `server.second` where another
    server does."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name[:LONGEST_NAME]
        self._file = -1
        self._session: sa.Connection | None = None
        if database.is_sqlite:
            self._lock_file()
        else:
            self._lock_session()

    def keep(self) -> None:
        """To be called every few seconds. A session that was lost (the database was started again) is made anew;
        Refused `server.second` where another server took the lock meanwhile, Unreachable `store.unreachable`."""
        if self._database.is_sqlite:
            return
        try:
            if self._session is not None:
                self._session.execute(sa.text("SELECT 1"))
                return
        except sa.exc.DBAPIError:
            self._drop_session()
        self._lock_session()

    def release(self) -> None:
        """Others may hold it; twice is fine."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._drop_session()

    def _lock_file(self) -> None:
        path = self._database.path
        if path is None or str(path) == ":memory:":
            return
        lock = path.with_name(path.name + ".lock")
        try:
            lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            message = f"the database's folder cannot be written to: {error.strerror}"
            raise Refused("server.state", message, thing=str(lock), hint="give its user the right to") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._file, 100).decode(errors="replace").strip()
            self.release()
            raise _second(holder, str(path)) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, self._name.encode(), 0)

    def _lock_session(self) -> None:
        where = self._database.url.render_as_string(hide_password=True)
        try:
            session = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            session.execute(sa.text("SELECT set_config('application_name', :name, false)"), {"name": self._name})
            is_ours = bool(session.execute(_TAKE, _NUMBERS).scalar())
            holder = "" if is_ours else session.execute(_HOLDER, _NUMBERS).scalar() or ""
        except sa.exc.DBAPIError as error:
            said = str(error.orig).strip().splitlines()[0]
            raise Unreachable("store.unreachable", f"the database does not answer: {said}", thing=where) from error
        self._session = session
        if not is_ours:
            self._drop_session()
            raise _second(holder, where)

    def _drop_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.invalidate()  # the session itself ends, and its lock with it; it never goes back into the pool
            session.close()


def _second(holder: str, where: str) -> Refused:
    return Refused(
        "server.second",
        "another server holds this database" + (f": {holder}" if holder else ""),
        thing=where,
        hint="stop it first (fairlead-server down), or give this one a database of its own",
    )
