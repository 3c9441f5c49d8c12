"""Fairlead's own registry: CNCF Distribution as a program that outlives the server and is found again."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from fairlead.adapters.proxies.listeners import listeners
from fairlead.adapters.registries.configuration import Notification, find_program, write_configuration
from fairlead.adapters.registries.detached import Detached, resume
from fairlead.adapters.registries.distribution import DistributionRegistry
from fairlead.domain.errors import Conflict, Failed, FairleadError

START_TIMEOUT_S = 15.0
STOP_GRACE_S = 10.0
COLLECT_TIMEOUT_S = 600.0
POLL_S = 0.02
LAST_BYTES = 2000
LOG_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Where the registry's files are, below one directory."""

    root: Path

    @property
    def configuration(self) -> Path:
        return self.root / "config.yml"

    @property
    def storage(self) -> Path:
        return self.root / "storage"

    @property
    def log(self) -> Path:
        return self.root / "registry.log"

    @property
    def pid(self) -> Path:
        return self.root / "registry.pid"

    @property
    def run_lock(self) -> Path:
        return self.root / "run.lock"

    @property
    def push_lock(self) -> Path:
        return self.root / "push.lock"


class OwnRegistry(DistributionRegistry):
    """A `Registry` on a loopback port. `ensure_running` starts it, or finds it again; `stop` ends it.

    It runs detached, is known by pid, start time and boot (a recycled pid is not taken for it), and has no cache in
    memory, so that garbage can be collected beside it. While that runs, it is halted for a moment: requests wait.
    """

    def __init__(
        self,
        state_dir: str | Path,
        *,
        port: int = 8602,
        host: str = "127.0.0.1",
        program: str = "",
        notification: Notification | None = None,
    ) -> None:
        super().__init__(f"http://{host}:{port}")
        self._host, self._port = host, port
        self._program = program
        self._notification = notification
        self._place = Place(Path(state_dir))
        self._detached = Detached(self._place.pid, self._place.log)

    def is_running(self) -> bool:
        """Whether our own program runs (it may still be starting)."""
        return self._detached.child() is not None

    async def ensure_running(self) -> None:
        """It answers. Started where it does not run, and anew where its configuration has changed."""
        program = find_program(self._program)
        await asyncio.to_thread(_make, self._place)
        async with _locked(self._place.run_lock, fcntl.LOCK_EX):
            is_new = await asyncio.to_thread(
                write_configuration,
                self._place.configuration,
                self._place.storage,
                f"{self._host}:{self._port}",
                self._notification,
            )
            if is_new and self.is_running():
                await self._stop()
            resume(self._detached.child())
            answers = await self._answers()
            if not self.is_running():  # never begun, or it was dying as we looked
                await asyncio.to_thread(self._begin, program)
                answers = await self._answers()
            if not answers:
                raise Failed("registry.failed", await self._why_not(), thing=self.address)

    async def stop(self) -> None:
        """It does not run; gone is fine."""
        if not self._place.root.is_dir():
            return
        async with _locked(self._place.run_lock, fcntl.LOCK_EX):
            await self._stop()

    @contextlib.asynccontextmanager
    async def pushing(self) -> AsyncIterator[None]:
        """Shared with other pushes, of other programs too; garbage collection waits for all of them."""
        await asyncio.to_thread(_make, self._place)
        async with _locked(self._place.push_lock, fcntl.LOCK_SH):
            yield

    async def collect_garbage(self) -> int:
        await asyncio.to_thread(_make, self._place)
        async with _locked(self._place.push_lock, fcntl.LOCK_EX) as lock:
            collecting = asyncio.ensure_future(asyncio.to_thread(self._collect, lock))
            try:
                return await asyncio.shield(collecting)
            except asyncio.CancelledError:
                await asyncio.wait([collecting], timeout=COLLECT_TIMEOUT_S)  # never leave it halted
                raise

    def _collect(self, lock: int) -> int:
        """The program holds the lock, too: where we die it goes on, and what was pushed meanwhile would lose layers."""
        before = _size(self._place.storage)
        if not before:
            return 0
        child = self._detached.child()
        command = [find_program(self._program), "garbage-collect", str(self._place.configuration)]
        try:
            if child is not None:
                os.kill(child.pid, signal.SIGSTOP)
            ended = subprocess.run(
                command, capture_output=True, timeout=COLLECT_TIMEOUT_S, env=_environment(), pass_fds=(lock,)
            )
        except subprocess.TimeoutExpired as error:
            words = f"collecting garbage did not end within {COLLECT_TIMEOUT_S:g} s"
            raise Failed("registry.failed", words, thing=self.address) from error
        finally:
            resume(child)
        if ended.returncode != 0:
            words = ended.stderr.decode(errors="replace")[-LAST_BYTES:]
            raise Failed("registry.failed", f"garbage collection failed: {words}", thing=self.address)
        return max(0, before - _size(self._place.storage))

    def _begin(self, program: str) -> None:
        self.free_address()
        if self._place.log.exists() and self._place.log.stat().st_size > LOG_BYTES:
            self._place.log.unlink()
        self._detached.begin([program, "serve", str(self._place.configuration)], _environment())

    def free_address(self) -> str:
        """Where it would listen; Conflict `server.port`, with who listens, where it could not."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self._host, self._port))
            except OSError as error:
                held = ", ".join(map(str, listeners([self._port])))
                raise Conflict(
                    "server.port",
                    f"the registry cannot listen on {self.address}: {error.strerror}{held and f', by {held}'}",
                    thing=self.address,
                    hint="stop what listens there, or set another registry port (FAIRLEAD_REGISTRY_PORT)",
                ) from error
        return self.address

    async def _answers(self) -> bool:
        """Whether it comes to answer; not, once it is gone."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_TIMEOUT_S):
                while self.is_running():
                    with contextlib.suppress(FairleadError):
                        await self.check()
                        return True
                    await asyncio.sleep(POLL_S)
        return False

    async def _why_not(self) -> str:
        words = await asyncio.to_thread(self._detached.last_words, LAST_BYTES)
        return f"the registry did not start at {self.address}: {words or 'it does not answer'}"

    async def _stop(self) -> None:
        child = self._detached.child()
        if child is None:
            return
        resume(child)
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_GRACE_S):
                    while True:
                        if not child.is_alive():
                            return
                        await asyncio.sleep(POLL_S)


def _make(place: Place) -> None:
    place.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.storage.mkdir(mode=0o700, exist_ok=True)


def _environment() -> dict[str, str]:
    """Nothing of ours: REGISTRY_… variables would change its configuration."""
    return {"PATH": os.defpath, "OTEL_TRACES_EXPORTER": "none"}


def _size(directory: Path) -> int:
    return sum(_size_of(path) for path in directory.rglob("*"))


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0


@contextlib.asynccontextmanager
async def _locked(path: Path, kind: int) -> AsyncIterator[int]:
    """A lock that the machine takes back when the last who has its descriptor dies. Waits as long as its caller lets
    it."""
    with _opened(path) as descriptor:
        while True:
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(POLL_S)
        yield descriptor


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
