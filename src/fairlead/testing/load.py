"""Users who ask through a proxy all the time, and count every request that fails; bounded, and never retrying.

Failed is what law 1 calls so: refused, reset, closed or timed out before the whole answer, or any answer but the one
expected. A kept-alive connection that is closed *between* requests and found so by the next request is a failure too.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

ANSWER_BOUND_S = 20.0
SLOW_PATH = "/slow"


@dataclass(slots=True)
class Told:
    """What the users saw. `answered_by` counts by the name that answered; `failures` by kind and what went wrong."""

    answered_by: Counter[str] = field(default_factory=Counter)
    by_kind: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        return sum(self.by_kind.values())

    @property
    def failed(self) -> int:
        return sum(self.failures.values())


class Load:
    """Users of one host: some keep their connection, some make a new one for each request, some ask for slow pages.

    `pause_s` lies between two requests of one user, so the load is bounded whatever the proxy can do.
    """

    def __init__(
        self,
        address: str,
        port: int,
        host: str,
        *,
        path: str = "/",
        pause_s: float = 0.01,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """With `tls` they ask over https, each handshake for the host's own certificate."""
        self.told = Told()
        self._tls = tls
        self._address, self._port, self._host, self._path = address, port, host, path
        self._pause_s = pause_s
        self._stopping = asyncio.Event()

    async def run(self, *, keep_alive: int, fresh: int, slow: int, until: Callable[[], bool] | None = None) -> None:
        """Ask until `stop` (or `until` says so); every request that was begun is ended and counted."""
        async with asyncio.TaskGroup() as users:
            for _ in range(keep_alive):
                users.create_task(self._user("keep-alive", self._path, reuse=True, until=until))
            for _ in range(fresh):
                users.create_task(self._user("fresh", self._path, reuse=False, until=until))
            for number in range(slow):
                users.create_task(self._user("slow", SLOW_PATH, reuse=number % 2 == 0, until=until))

    def stop(self) -> None:
        """No request begins any more."""
        self._stopping.set()

    async def _user(self, kind: str, path: str, *, reuse: bool, until: Callable[[], bool] | None) -> None:
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while not self._stopping.is_set() and not (until and until()):
            self.told.by_kind[kind] += 1
            stage = "connect"
            try:
                async with asyncio.timeout(ANSWER_BOUND_S):
                    if connection is None:
                        connection = await self._connect()
                        stage = "new"
                    else:
                        stage = "reused"
                    name = await self._ask(connection, path, reuse=reuse)
                self.told.answered_by[name] += 1
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                self.told.failures[f"{kind} {stage} {type(error).__name__} {error}"[:200]] += 1
                reuse_now = False
            else:
                reuse_now = reuse
            if connection is not None and not reuse_now:
                await _close(connection[1])
                connection = None
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._pause_s)
        if connection is not None:
            await _close(connection[1])

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        name = self._host if self._tls else None
        return await asyncio.open_connection(self._address, self._port, ssl=self._tls, server_hostname=name)

    async def _ask(
        self, connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], path: str, *, reuse: bool
    ) -> str:
        reader, writer = connection
        manner = "keep-alive" if reuse else "close"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\nConnection: {manner}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = head.split(" ", 2)[1]
        length = next(int(line[15:]) for line in head.split("\r\n") if line.startswith("content-length:"))
        body = await reader.readexactly(length)
        if status != "200":
            raise ValueError(f"status {status}")
        return body.decode()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
