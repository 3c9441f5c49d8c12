"""The lock on one proxy: one change at a time, over all tasks and processes."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from fairlead.domain.errors import TimedOut
from fairlead.ports.clock import Clock

BOUND_S = 30.0  # no verb holds it for longer than a few exchanges over the socket
POLL_S = 0.005


class ProxyLocks:
    """Locks on the file at `path`. The file stays open when a lock is given back: opening it is the dear part.

    The kernel's lock belongs to an open file, so each holder has one of their own.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: list[int] = []

    def lock(self, clock: Clock, *, bound_s: float) -> ProxyLock:
        """A lock, to be held with `async with`. Who waits over `bound_s` gets TimedOut `proxy.busy`."""
        return ProxyLock(self, clock, bound_s)

    def take(self) -> int:
        """The file, for one holder."""
        if self._idle:
            return self._idle.pop()
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(self.path, os.O_RDWR | os.O_CLOEXEC | os.O_CREAT, 0o600)

    def give_back(self, file: int) -> None:
        """Nobody holds it any more."""
        fcntl.flock(file, fcntl.LOCK_UN)
        if self._idle:
            os.close(file)
        else:
            self._idle.append(file)

    def __del__(self) -> None:
        while self._idle:
            os.close(self._idle.pop())


class ProxyLock:
    """One holding of the lock; the kernel gives it back when we die."""

    def __init__(self, locks: ProxyLocks, clock: Clock, bound_s: float) -> None:
        self._locks, self._clock, self._bound_s = locks, clock, bound_s
        self._file: int = -1

    async def __aenter__(self) -> None:
        self._file = self._locks.take()
        if not _try_lock(self._file):
            try:
                await self._wait(self._file)
            except BaseException:
                self._locks.give_back(self._file)
                raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._locks.give_back(self._file)

    async def _wait(self, file: int) -> None:
        deadline = self._clock.monotonic_s() + self._bound_s
        while not _try_lock(file):
            if self._clock.monotonic_s() > deadline:
                raise TimedOut(
                    "proxy.busy",
                    f"another process has held {self._locks.path} for {self._bound_s:g} s",
                    thing="proxy",
                    hint="see who holds it with `fuser`",
                )
            await self._clock.sleep(POLL_S)


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
