"""What is in flight across a switch, kind by kind, on the real HAProxy: docs/explanation/zero-loss.md says the same."""

from __future__ import annotations

import asyncio
import shutil
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from hashlib import sha1
from pathlib import Path

import pytest
from tests.contract.proxy_rigs import HaproxyRig, haproxy_rig, make_certificate

from fairlead.adapters.connections.local import LocalConnection
from fairlead.adapters.system import SystemClock
from fairlead.adapters.traffic import ThroughProxy
from fairlead.domain.colour import Colour
from fairlead.domain.effect import Done
from fairlead.domain.ids import TaskId
from fairlead.domain.plan import Effect
from fairlead.domain.switch_record import switch_of
from fairlead.ports.proxy import Endpoint, Proxy, RouteSpec
from fairlead.ports.traffic import Door
from fairlead.steps.effects.basis import arguments
from fairlead.steps.effects.routes import Pointed, PointRoutes
from fairlead.testing.deploy_world import World
from fairlead.testing.upstream import WEBSOCKET

HOST = "books.example.com"
ROUTE = RouteSpec("books/production/web/0", HOST, tls=True)
BOUND_S = 20.0
A_WHILE_S = 0.2
HALF = 4 << 20
TASK = TaskId("task-1")
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
OPEN: list[asyncio.StreamWriter] = []
"""What a test's users have opened; it is closed with the proxy."""


class Application:
    """Begins each answer at once (`begun` counts them), and ends it once `may_end` is set."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.begun, self.may_end = asyncio.Semaphore(0), asyncio.Event()
        self.endpoint = Endpoint(name, "127.0.0.1", 1)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                path = head.split(" ")[1].strip("/") or "plain"
                await getattr(self, path)(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def plain(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(self.name)}\r\n\r\n{self.name}".encode())

    async def slow(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.begun.release()
        await self.may_end.wait()
        await self.plain(head, reader, writer)

    async def broken(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise ConnectionError("it died")

    async def chunks(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + _chunk(self.name))
        self.begun.release()
        await self.may_end.wait()
        for _ in range(100):
            writer.write(_chunk(self.name))
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    async def events(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(_chunk(f"data: {self.name} 1\n\n"))
        self.begun.release()
        await self.may_end.wait()
        writer.write(_chunk(f"data: {self.name} 2\n\n"))
        await reader.read()  # for ever: until the other side ends

    async def upload(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int(head.lower().partition("content-length: ")[2].split("\r\n")[0])
        await reader.readexactly(1)
        self.begun.release()
        received = 1
        while received < length:
            received += len(await reader.read(1 << 16))
        body = f"{self.name} {received}"
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    async def socket(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        key = head.lower().partition("sec-websocket-key: ")[2].split("\r\n")[0]
        accept = b64encode(sha1((key + WEBSOCKET).encode(), usedforsecurity=False).digest()).decode()
        switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        writer.write(f"{switched}Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())
        self.begun.release()
        while data := await reader.read(4096):
            writer.write(f"{self.name}: ".encode() + data)
        raise ConnectionError("the tunnel has ended")


def _chunk(text: str) -> bytes:
    return f"{len(text):x}\r\n{text}\r\n".encode()


@asynccontextmanager
async def application(name: str) -> AsyncIterator[Application]:
    made = Application(name)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.endpoint = Endpoint(name, "127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield made
    finally:
        made.may_end.set()
        server.close()


@pytest.fixture
async def rig(free_port: Callable[[], int], haproxy_binary: Path) -> AsyncIterator[HaproxyRig]:
    async with haproxy_rig(free_port, haproxy_binary) as started:
        await started.proxy.ensure_certificate(HOST, make_certificate(HOST))
        await started.proxy.ensure_route(ROUTE)
        yield started
        for writer in OPEN:
            writer.transport.abort()
        OPEN.clear()
        await asyncio.sleep(0)


@pytest.fixture
async def old(rig: HaproxyRig) -> AsyncIterator[Application]:
    async with application("old") as made:
        await put_live(rig, Colour.BLUE, made)
        yield made


@pytest.fixture
async def new() -> AsyncIterator[Application]:
    async with application("new") as made:
        yield made


async def put_live(rig: HaproxyRig, colour: Colour, what: Application) -> None:
    await rig.proxy.fill(ROUTE.name, colour, [what.endpoint])
    await rig.proxy.point({ROUTE.name: colour})


async def connect(rig: HaproxyRig, path: str, more: str = "", *, method: str = "GET") -> Streams:
    reader, writer = await asyncio.open_connection("127.0.0.1", rig.settings.http_port)
    OPEN.append(writer)
    writer.write(f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\n{more}\r\n".encode())
    return reader, writer


async def answer(streams: Streams) -> str:
    """The whole answer's body; EOFError where it is broken off."""
    reader, _ = streams
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    assert " 200 " in head, head
    if "transfer-encoding: chunked" not in head:
        return (await reader.readexactly(int(head.partition("content-length: ")[2].split("\r\n")[0]))).decode()
    body = ""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2)).decode().removesuffix("\r\n")
    await reader.readexactly(2)
    return body


async def slow(rig: HaproxyRig, old: Application) -> str:
    return await answer(await connect(rig, "/slow"))


async def chunks(rig: HaproxyRig, old: Application) -> str:
    return await answer(await connect(rig, "/chunks"))


async def upload(rig: HaproxyRig, old: Application) -> str:
    streams = await connect(rig, "/upload", f"Content-Length: {2 * HALF}\r\n", method="POST")
    streams[1].write(bytes(HALF))
    await old.may_end.wait()
    streams[1].write(bytes(HALF))
    return await answer(streams)


async def http_2(rig: HaproxyRig, old: Application) -> str:
    """Two streams of one connection, in flight at once."""
    curl = shutil.which("curl")
    assert curl, "install curl"
    url = f"https://{HOST}:{rig.settings.https_port}/slow"
    where = f"{HOST}:{rig.settings.https_port}:127.0.0.1"
    more = ["--parallel", "--parallel-max", "2", "--http2", "-w", " over %{http_version}, ", url, url]
    child = await asyncio.create_subprocess_exec(
        curl, "-sk", "--resolve", where, *more, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    said, _ = await child.communicate()
    assert child.returncode == 0
    text = said.decode()
    return f"{text.count('old')} whole, {text.count('over 2')} over HTTP/2"


WHOLE: dict[Callable[[HaproxyRig, Application], Awaitable[str]], str] = {
    slow: "old",
    chunks: "old" * 101,
    upload: f"old {2 * HALF}",
    http_2: "2 whole, 2 over HTTP/2",
}


@pytest.mark.parametrize("kind", WHOLE)
async def test_what_ends_by_itself_ends_whole_at_the_old_release(
    rig: HaproxyRig, old: Application, new: Application, kind: Callable[[HaproxyRig, Application], Awaitable[str]]
) -> None:
    async with asyncio.timeout(BOUND_S):
        exchange = asyncio.ensure_future(kind(rig, old))
        for _ in range(2 if kind is http_2 else 1):
            await old.begun.acquire()
        await put_live(rig, Colour.GREEN, new)
        drain = asyncio.create_task(rig.proxy.drain(ROUTE.name, Colour.BLUE, bound_s=BOUND_S))
        assert await answer(await connect(rig, "/")) == "new"
        await asyncio.wait([drain], timeout=A_WHILE_S)
        assert not drain.done()
        old.may_end.set()
        assert await exchange == WHOLE[kind]
        drained = await drain
    assert drained.cut == 0
    assert drained.counters is not None
    assert (drained.counters.proxy_errors, drained.counters.broken) == (0, 0)


async def test_events_come_on_from_the_old_release_until_the_bound_and_then_from_the_new(
    rig: HaproxyRig, old: Application, new: Application
) -> None:
    async with asyncio.timeout(BOUND_S):
        reader, _ = await connect(rig, "/events")
        await reader.readuntil(b"old 1\n\n")
        await put_live(rig, Colour.GREEN, new)
        drain = asyncio.create_task(rig.proxy.drain(ROUTE.name, Colour.BLUE, bound_s=A_WHILE_S))
        old.may_end.set()
        await reader.readuntil(b"old 2\n\n")
        drained = await drain
        rest = await reader.read()
        assert b"data:" not in rest
        again, _ = await connect(rig, "/events")
        await again.readuntil(b"new 1\n\n")
    assert drained.cut == 1
    assert drained.waited_s >= A_WHILE_S


async def test_a_websocket_goes_on_with_the_old_release_until_the_bound(
    rig: HaproxyRig, old: Application, new: Application
) -> None:
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    async with asyncio.timeout(BOUND_S):
        reader, writer = await connect(rig, "/socket", upgrade)
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        await put_live(rig, Colour.GREEN, new)
        drain = asyncio.create_task(rig.proxy.drain(ROUTE.name, Colour.BLUE, bound_s=A_WHILE_S))
        writer.write(b"still here")
        assert await reader.readexactly(15) == b"old: still here"
        assert (await drain).cut == 1
        assert await reader.read() == b""
        again, asking = await connect(rig, "/socket", upgrade)
        await again.readuntil(b"\r\n\r\n")
        asking.write(b"hello")
        assert await again.readexactly(10) == b"new: hello"


async def test_a_connection_that_is_kept_for_ever_holds_nothing_up_and_moves_over(
    rig: HaproxyRig, old: Application, new: Application
) -> None:
    async with asyncio.timeout(BOUND_S):
        streams = await connect(rig, "/")
        assert await answer(streams) == "old"
        await put_live(rig, Colour.GREEN, new)
        drained = await rig.proxy.drain(ROUTE.name, Colour.BLUE, bound_s=BOUND_S)
        await rig.proxy.clear(ROUTE.name, Colour.BLUE)
        for _ in range(3):
            streams[1].write(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            assert await answer(streams) == "new"
    assert drained.cut == 0
    assert drained.waited_s < BOUND_S / 4


async def test_what_does_not_end_by_the_bound_is_cut_and_counted(
    rig: HaproxyRig, old: Application, new: Application
) -> None:
    async with asyncio.timeout(BOUND_S):
        exchange = asyncio.ensure_future(chunks(rig, old))
        await old.begun.acquire()
        await put_live(rig, Colour.GREEN, new)
        assert (await rig.proxy.drain(ROUTE.name, Colour.BLUE, bound_s=A_WHILE_S)).cut == 1
        with pytest.raises((EOFError, ValueError)):
            await exchange


class Switching(World):
    """The world of effects, with the real proxy and our own visitors."""

    def __init__(self, rig: HaproxyRig) -> None:
        super().__init__(clock=SystemClock())
        self.rig = rig
        self.traffic = ThroughProxy(LocalConnection(rig.settings.directory), self.clock)

    @property
    def routes(self) -> Proxy:
        return self.rig.proxy


async def test_what_a_release_that_dies_after_the_switch_loses_is_counted_apart_until_it_is_taken_back(
    rig: HaproxyRig, old: Application, new: Application
) -> None:
    world, kind = Switching(rig), PointRoutes()
    door = Door(ROUTE.name, "127.0.0.1", rig.settings.http_port, HOST)
    pointed = Pointed({ROUTE.name: Colour.GREEN}, {ROUTE.name: Colour.BLUE}, doors=(door,))
    point = Effect(kind.kind, "point", "switch", arguments(pointed))
    await rig.proxy.fill(ROUTE.name, Colour.GREEN, [new.endpoint])
    async with asyncio.timeout(BOUND_S):
        done = await kind.do(point, world.tools(TASK, "switch", "local", {}))
        assert isinstance(done, Done)
        for _ in range(3):
            reader, _ = await connect(rig, "/broken", "Content-Length: 0\r\n", method="POST")
            assert b" 502 " in await reader.readuntil(b"\r\n\r\n")
        await kind.undo(point, world.tools(TASK, "switch", "local", {"point": done.output}))
        assert await answer(await connect(rig, "/")) == "old"
        await world.traffic.close()
    record = switch_of(await world.records.facts(TASK))
    assert record is not None
    assert (record.is_back, record.of_release, record.failed, record.is_whole) == (True, 3, 0, True)
    assert record.requests >= 3
    assert "3 lost to the new release until users were switched back" in world.log.text(TASK)
