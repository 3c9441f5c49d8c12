"""A PostgreSQL that takes our words and never answers is given up by us.

Its own `statement_timeout` is kept by the server that hangs, and the kernel sees a line on which all is well: a process
that is stopped, a disk that does not come back, a proxy between us that lost the other side. So we count ourselves.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from functools import cache
from typing import Any

import sqlalchemy as sa

SLEPT = "25P03"
"""PostgreSQL's idle_in_transaction_session_timeout (Appendix A): it ended the session of who slept in a transaction."""

ANSWER_S = 30.0
"""The longest that a statement may take, from its sending on: more than the server itself gives one."""


def answered_in_time(engine: sa.Engine) -> None:
    """Every connection that the engine makes from now on fails a statement that is not answered within `ANSWER_S`, and
    is closed with it: what its answer would have meant is not known any more. What waits for news is not counted."""

    @sa.event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _record: object, arguments: Any, named: Any) -> Any:
        return _kind(dialect.loaded_dbapi).connect(*arguments, **named)

    sa.event.listen(engine, "handle_error", _is_over)


def _is_over(context: sa.ExceptionContext) -> None:
    """Its last words may come before the line is seen to end: nothing goes over it any more."""
    if getattr(context.original_exception, "sqlstate", "") == SLEPT:
        context.is_disconnect = True


@cache
def _kind(psycopg: Any) -> Any:
    """The driver's connection, bounded; the driver as SQLAlchemy has loaded it."""

    class Connection(psycopg.Connection):  # type: ignore[misc]
        def wait(self, gen: Any, *arguments: Any, **named: Any) -> Any:
            return super().wait(self._bounded(gen), *arguments, **named)

        def _bounded(self, work: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
            """The driver asks again every tenth of a second: each time it is seen how long that has been going on."""
            ends_at = time.monotonic() + ANSWER_S
            try:
                asked = next(work)
            except StopIteration as ended:
                return ended.value
            while True:
                ready = yield asked
                try:
                    asked = work.send(ready)
                except StopIteration as ended:
                    return ended.value
                if time.monotonic() > ends_at and self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                    self.pgconn.finish()
                    raise psycopg.OperationalError(f"the server has not answered for {ANSWER_S:g} s")

    return Connection
