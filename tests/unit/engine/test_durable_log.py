"""What DBOS logs: said in our log, and not again and again."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from fairlead.engine.durable_log import take_over_log

TRACED = """Exception polling schedules: Traceback (most recent call last):
  File "base.py", line 154, in __init__
    raise last_ex
psycopg.OperationalError: connection refused

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "engine.py", line 2, in run
sqlalchemy.exc.OperationalError: connection refused
\tIs the server running?
"""


@pytest.fixture
def dbos() -> Iterator[logging.Logger]:
    logger = logging.getLogger("dbos")
    before = (logger.propagate, logger.handlers)
    take_over_log()
    yield logger
    logger.propagate, logger.handlers = before


def said(logger: logging.Logger, text: str, at_s: float) -> list[str]:
    """The events, above those for debugging, that come of this line."""
    record = logger.makeRecord("dbos", logging.WARNING, "f", 1, text, (), None)
    record.created = at_s
    with structlog.testing.capture_logs() as events:
        logger.handle(record)
    return [event["text"] for event in events if event["log_level"] != "debug"]


def test_what_each_thread_says_all_the_time_is_said_once_a_minute(dbos: logging.Logger) -> None:
    """A database that is away for a night fills no disk."""
    line = "Exception encountered in queue thread for tasks: connection failed"
    assert [len(said(dbos, line, second)) for second in (0.0, 0.5, 59.0, 60.0, 61.0)] == [1, 0, 0, 1, 0]
    assert said(dbos, "Exception listing queues: connection failed", 61.0) != []


def test_a_traceback_is_told_by_its_end(dbos: logging.Logger) -> None:
    told = ["Exception polling schedules: sqlalchemy.exc.OperationalError: connection refused"]
    assert said(dbos, TRACED, 0.0) == told


def test_what_is_expected_is_not_said(dbos: logging.Logger) -> None:
    assert said(dbos, "Asyncio task cancelled", 0.0) == []
