"""What stands before every request, over a real connection."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from fairlead.server import guard
from fairlead.server.guard import Guard

MOST = 1024


async def _reads_all(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


@contextmanager
def served() -> Iterator[int]:
    """The port of a server whose every body is read whole."""
    app = Guard(_reads_all, max_body_bytes=MOST, new_id=lambda: "req-1")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        running = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
        running.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            server.should_exit = True
            running.join(10)


@pytest.mark.parametrize("is_declared", [True, False])
def test_who_sends_all_of_a_body_before_looking_for_an_answer_is_told_that_it_is_too_large(
    *, is_declared: bool
) -> None:
    with served() as port:
        for _ in range(3):
            asking = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            body = b" " * 13_000_000
            headers = {"Connection": "close", **({} if is_declared else {"Transfer-Encoding": "chunked"})}
            asking.request("POST", "/", body if is_declared else iter([body]), headers, encode_chunked=not is_declared)
            answer = asking.getresponse()
            assert answer.status == 413 and b"over the limit" in answer.read()
            asking.close()


def test_reading_off_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "READ_OFF_S", 0.2)
    with served() as port, socket.create_connection(("127.0.0.1", port), 20) as asking:
        asking.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\nConnection: close\r\n\r\n")
        told = b""
        while part := asking.recv(65_536):
            told += part
        assert told.startswith(b"HTTP/1.1 413")


def test_who_asks_first_is_answered_before_anything_is_sent() -> None:
    with served() as port, socket.create_connection(("127.0.0.1", port), 5) as asking:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\nExpect: 100-continue\r\n\r\n"
        asking.sendall(head)
        assert asking.recv(65_536).startswith(b"HTTP/1.1 413")
