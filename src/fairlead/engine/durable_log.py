"""What DBOS writes to a log of its own becomes events of ours, and each once in a while."""

from __future__ import annotations

import logging

import structlog

log = structlog.get_logger(__name__)


def take_over_log() -> None:
    """From now on what DBOS logs goes to our log alone; asked twice it is the same."""
    logger = logging.getLogger("dbos")
    logger.propagate = False
    logger.handlers = [_ToOurLog(logging.WARNING)]


_EXPECTED = ("SQLite", "Asyncio task cancelled", "no longer owned by this execution")


_AGAIN_S = 60.0
"""What was said is not said again for so long: while a database is away, each thread of DBOS says so twice a second."""
_SAME = 40
"""So many letters tell what is said from what else is."""


class _ToOurLog(logging.Handler):
    """What DBOS logs becomes an event of ours; what we know and expect, and what was said just now, is for debugging
    only. Of a traceback that it writes as text the last line is what happened."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self._said_s: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if any(words in said for words in _EXPECTED) or self._is_repeated(said, record.created):
            tell = log.debug
        else:
            tell = log.error if record.levelno >= logging.ERROR else log.warning
        tell("dbos.said", text=_without_traceback(said), error=repr(record.exc_info[1]) if record.exc_info else None)

    def _is_repeated(self, said: str, now_s: float) -> bool:
        self._said_s = {key: at_s for key, at_s in self._said_s.items() if 0 <= now_s - at_s < _AGAIN_S}
        return self._said_s.setdefault(said[:_SAME], now_s) != now_s


def _without_traceback(said: str) -> str:
    before, found, traced = said.partition("Traceback (most recent call last):")
    if not found:
        return said
    raised = [line for line in traced.splitlines() if line and not line[0].isspace() and "Error" in line]
    return before + (raised[-1] if raised else traced)
