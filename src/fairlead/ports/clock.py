"""Time, ids and dice, passed in so that tests can hold them still."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time of day and the time that only goes forward.

    `now` is aware UTC and may jump (somebody sets the clock); `monotonic_s` never goes back and is what durations are
    measured with. `sleep` returns early only by cancellation.
    """

    def now(self) -> datetime:
        """The time of day, aware, UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds since some fixed moment of this process."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; raises nothing but cancellation."""
        ...


class Ids(Protocol):
    """New identifiers and secrets of chance."""

    def new(self, prefix: str) -> str:
        """A new unique id that sorts by time of making: ``prefix-…``, lower case, safe in names and labels."""
        ...

    def secret(self, size_bytes: int = 32) -> str:
        """URL-safe text from the operating system's randomness."""
        ...
