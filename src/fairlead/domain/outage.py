"""Failures of one kind in a row are told once when they begin, seldom while they last, and once when they are over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

TOLD_AGAIN_S = 1800.0
"""While it lasts: often enough for whoever comes to the log in the middle of the night, and no more."""


class Over(NamedTuple):
    """An outage that has ended: of what kind it was last, how long it took, and how often it failed."""

    code: str
    lasted_s: float
    failures: int


@dataclass(slots=True)
class Outage:
    """Of one thing that is done again and again. Times are seconds of one monotonic clock."""

    _code: str = ""
    _began_s: float = 0.0
    _told_s: float = 0.0
    _failures: int = 0

    def failed(self, code: str, now_s: float) -> bool:
        """It failed; whether that is to be told: it has only begun, fails in another way, or was not told of lately."""
        is_new = self._failures == 0
        self._began_s = now_s if is_new else self._began_s
        self._failures += 1
        is_told = is_new or code != self._code or now_s - self._told_s >= TOLD_AGAIN_S
        self._code = code
        self._told_s = now_s if is_told else self._told_s
        return is_told

    def worked(self, now_s: float) -> Over | None:
        """It worked; what is over by that, None where nothing was."""
        if self._failures == 0:
            return None
        over = Over(self._code, now_s - self._began_s, self._failures)
        self._failures = 0
        return over
