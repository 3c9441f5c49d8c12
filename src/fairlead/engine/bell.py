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
        self._heard = threading.local()

    def ring(self) -> None:
        """Whoever polls looks now."""
        with self._condition:
            self._rings += 1
            self._condition.notify_all()

    def tie_to(self, event: threading.Event) -> None:
        """Waits on this event hear the bell from their next one on; setting it ends them at once."""
        is_set, set_it, plain_wait = event.is_set, event.set, event.wait

        def wait(timeout: float | None = None) -> bool:
            if timeout is None or timeout > LONGEST_POLL_S:
                return plain_wait(timeout)
            return self._wait(is_set, timeout)

        def set_and_notify() -> None:
            set_it()
            with self._condition:
                self._condition.notify_all()

        event.wait = wait  # type: ignore[method-assign]
        event.set = set_and_notify  # type: ignore[method-assign]

    def _wait(self, is_set: Callable[[], bool], timeout: float) -> bool:
        until = monotonic() + timeout
        with self._condition:
            while not is_set() and getattr(self._heard, "rings", 0) == self._rings:
                left = until - monotonic()
                if left <= 0 or not self._condition.wait(left):
                    break
            self._heard.rings = self._rings
        return is_set()
