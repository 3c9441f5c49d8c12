"""A small HTTP/1.1 server that keeps connections alive and says its name: what a proxy is tried against."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from contextlib import suppress
from hashlib import sha1
from types import TracebackType

from fairlead.ports.proxy import Endpoint

HEAD_BYTES = 1 << 16
WEBSOCKET = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CLOSE_BOUND_S = 2.0


class Upstream:
    """Answers every request with its name.

    ``/…hold`` waits until `release`, ``/…slow`` a quarter of a second, ``/…fail`` is a 500, ``/…headers`` shows what
    arrived.
    """

    def __init__(self, name: str, address: str = "127.0.0.1", *, slow_s: float = 0.25) -> None:
        self.name = name
        self.address = address
        self.port = 0
        self.requests = 0
        self.held = 0
        self._slow_s = slow_s
        self._release = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.name, self.address, self.port)

    async def __aenter__(self) -> Upstream:
        self._server = await asyncio.start_server(self._serve, self.address, 0, limit=HEAD_BYTES, backlog=256)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """As a container that is killed: no new connections, open ones are closed."""
        self.release()
        if self._server is not None:
            self._server.close()
            await asyncio.sleep(0)  # what was released is answered
            for writer in list(self._writers):
                writer.transport.abort()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._server.wait_closed(), CLOSE_BOUND_S)
            await asyncio.sleep(0)

    def release(self) -> None:
        """Let every held request be answered."""
        self._release.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head.decode("latin-1"), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request, *lines = head.strip().split("\r\n")
        headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        length = next((int(value) for name, value in headers if name == "content-length"), 0)
        if length:
            await reader.readexactly(length)
        path = request.split(" ")[1].partition("?")[0]
        self.requests += 1
        if path.endswith("hold"):
            await self._hold()
        elif path.endswith("slow"):
            await asyncio.sleep(self._slow_s)
        if key := next((value for name, value in headers if name == "sec-websocket-key"), ""):
            await self._tunnel(key, reader, writer)
            return
        status = "500 Failed" if path.endswith("fail") else "200 OK"
        body = json.dumps(headers).encode() if path.endswith("headers") else self.name.encode()
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nX-Instance: {self.name}\r\n\r\n".encode() + body
        )
        await writer.drain()

    async def _hold(self) -> None:
        self.held += 1
        try:
            await self._release.wait()
        finally:
            self.held -= 1

    async def _tunnel(self, key: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A WebSocket's beginning (RFC 6455), then say what is heard, until the other side ends."""
        accept = b64encode(sha1((key + WEBSOCKET).encode(), usedforsecurity=False).digest()).decode()
        head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        writer.write(f"{head}Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
        raise ConnectionError("the tunnel has ended")
