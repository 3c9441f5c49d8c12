"""Wakes threads that poll: their stop events are made to return early from a wait when the bell is rung.

The pollers wait with `event.wait(timeout)` and look again after it; we replace `wait` and `set` on those very events.
If a later version no longer waits so, nothing breaks: the poll is the fallback (the contract suite measures it).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

LONGEST_POLL_S = 10.0
"""Who waits longer than this looks for something else (schedules), and is not woken."""


class Bell:
    """Rung from any thread. A ring while a poller is looking is not lost: its next wait ends at once."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rings = 0
        self._rings_for: dict[str, int] = {}
        self._heard = threading.local()

    def ring(self, thread: str = "") -> None:
        """Whoever polls looks now; with a name, only the thread that is called so."""
        with self._condition:
            if thread:
                self._rings_for[thread] = self._rings_for.get(thread, 0) + 1
            else:
                self._rings += 1
            self._condition.notify_all()

    def tie_to(self, event: threading.Event, *, at_least_s: float = 0.0) -> None:
        """Waits on this event hear the bell from their next one on, and take at least so long where nothing rings;
        setting it ends them at once."""
        is_set, set_it, plain_wait = event.is_set, event.set, event.wait

        def wait(timeout: float | None = None) -> bool:
            if timeout is None or timeout > LONGEST_POLL_S:
                return plain_wait(timeout)
            return self._wait(is_set, max(timeout, at_least_s) if timeout > 0 else timeout)

        def set_and_notify() -> None:
            set_it()
            with self._condition:
                self._condition.notify_all()

        event.wait = wait  # type: ignore[method-assign]
        event.set = set_and_notify  # type: ignore[method-assign]

    def _wait(self, is_set: Callable[[], bool], timeout: float) -> bool:
        until = monotonic() + timeout
        with self._condition:
            while not is_set() and getattr(self._heard, "rings", 0) == self._rung():
                left = until - monotonic()
                if left <= 0 or not self._condition.wait(left):
                    break
            self._heard.rings = self._rung()
        return is_set()

    def _rung(self) -> int:
        """How often it was rung for the thread that asks."""
        return self._rings + self._rings_for.get(threading.current_thread().name, 0)
