"""Time that a test holds still and moves on, and ids that are the same in every run."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)


class FakeClock:
    """`ports.clock.Clock`. Sleeping moves the time on at once (`is_eager`), or waits for `advance`."""

    def __init__(self, *, is_eager: bool = True) -> None:
        self._elapsed_s = 0.0
        self._is_eager = is_eager
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    def now(self) -> datetime:
        """The held time of day."""
        return START + timedelta(seconds=self._elapsed_s)

    def monotonic_s(self) -> float:
        """Seconds that were slept or advanced."""
        return self._elapsed_s

    async def sleep(self, seconds: float) -> None:
        """Let others run once, and the time pass."""
        if self._is_eager:
            self.advance(seconds)
            await asyncio.sleep(0)
            return
        event = asyncio.Event()
        self._sleepers.append((self._elapsed_s + seconds, event))
        await event.wait()

    def advance(self, seconds: float) -> None:
        """Time passes; who has slept enough wakes."""
        self._elapsed_s += max(0.0, seconds)
        due = [event for until, event in self._sleepers if until <= self._elapsed_s]
        self._sleepers = [(until, event) for until, event in self._sleepers if until > self._elapsed_s]
        for event in due:
            event.set()


class FakeIds:
    """`ports.clock.Ids` that count."""

    def __init__(self) -> None:
        self._made = 0

    def new(self, prefix: str) -> str:
        """``prefix-00001`` and on."""
        self._made += 1
        return f"{prefix}-{self._made:05d}"

    def secret(self, size_bytes: int = 32) -> str:
        """Text of that many bytes, another each time."""
        self._made += 1
        return f"{self._made:0{size_bytes}d}"
