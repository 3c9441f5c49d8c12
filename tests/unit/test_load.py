"""The load generator tells apart what law 1 tells apart: shown each way in which a request can fail, it names it."""

import asyncio
import dataclasses
import json
import socket
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from bench.load import Load, Plan, read_answer

LOAD = Path(__file__).parents[2] / "bench" / "load.py"
WHOLE = b"HTTP/1.1 200 OK\r\nX-Guestbook-Version: 1\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nX-Guestbook-Version: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nX-Guestbook-Version: 1\r\n\r\nok"
Behaviour = Callable[[int, asyncio.StreamWriter], bytes]


@asynccontextmanager
async def site(behaviour: Behaviour) -> AsyncIterator[str]:
    """Answers each request with what `behaviour(number of the request on its connection, writer)` gives."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = 0
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                number += 1
                writer.write(behaviour(number, writer))
                await writer.drain()
                if writer.is_closing():
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def then_close(content: bytes) -> Behaviour:
    def behave(number: int, writer: asyncio.StreamWriter) -> bytes:
        writer.write(content)
        writer.close()
        return b""

    return behave


def reset(number: int, writer: asyncio.StreamWriter) -> bytes:
    plug: socket.socket = writer.get_extra_info("socket")
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return b""


def close_under_second(number: int, writer: asyncio.StreamWriter) -> bytes:
    if number == 2:
        writer.close()
        return b""
    return WHOLE


def plan(url: str, **changes: object) -> Plan:
    quick = Plan(url=url, seconds=20, requests=4, kept=1, fresh=0, slow=0, rate=1000, fresh_rate=1000, timeout_s=0.2)
    return dataclasses.replace(quick, **changes)  # type: ignore[arg-type]


def status(code: int, mark: str = "") -> bytes:
    return f"HTTP/1.1 {code} X\r\n{mark}Content-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (lambda number, writer: WHOLE, {}),
        (lambda number, writer: CHUNKED, {}),
        (then_close(UNTIL_CLOSE), {}),
        (lambda number, writer: status(404), {}),
        (reset, {"reset": 4}),
        (then_close(b""), {"closed_fresh": 4}),
        (then_close(WHOLE[:-1]), {"closed_in_answer": 4}),
        (then_close(WHOLE[:30]), {"closed_in_answer": 4}),
        (then_close(CHUNKED[:-4]), {"closed_in_answer": 4}),
        (close_under_second, {"closed_kept": 2}),
        (lambda number, writer: WHOLE[:-1], {"timed_out": 4}),
        (lambda number, writer: status(503), {"proxy_503": 4}),
        (lambda number, writer: status(502), {"proxy_502": 4}),
        (lambda number, writer: status(500, "X-Guestbook-Version: 7\r\n"), {"application_500": 4}),
        (lambda number, writer: status(503, "X-Guestbook-Version: 7\r\n"), {"application_503": 4}),
        (then_close(b"SSH-2.0-OpenSSH\r\n\r\n"), {"no_http": 4}),
    ],
)
async def test_each_way_to_fail_has_its_name(behaviour: Behaviour, expected: dict[str, int]) -> None:
    async with site(behaviour) as url:
        result = await Load(plan(url)).run()
    assert (result["requests"], result["failures"]) == (4, expected)
    assert result["failed"] == sum(expected.values())
    assert result["answered"] == 4 - sum(expected.values())


async def test_a_refused_connection_is_a_failure(free_port: Callable[[], int]) -> None:
    result = await Load(plan(f"http://127.0.0.1:{free_port()}")).run()
    assert result["failures"] == {"refused": 4}


async def test_a_connection_closed_between_two_requests_loses_nothing() -> None:
    def close_after(number: int, writer: asyncio.StreamWriter) -> bytes:
        writer.write(WHOLE)
        writer.close()
        return b""

    async with site(close_after) as url:
        result = await Load(plan(url, rate=20)).run()
    assert (result["failed"], result["reopened"]) == (0, 3)


async def test_errors_of_the_application_are_told_apart_by_version() -> None:
    async with site(lambda number, writer: status(500, "X-Guestbook-Version: 4\r\n")) as url:
        result = await Load(plan(url)).run()
    assert result["application"] == {"4": 4}


async def test_what_is_in_flight_at_the_end_is_awaited_and_counted() -> None:
    async with site(lambda number, writer: WHOLE) as url:
        load = Load(plan(url, requests=10_000, kept=2, fresh=2, slow=1, rate=200, fresh_rate=200))
        running = asyncio.create_task(load.run())
        while load.tally.answered < 20:
            await asyncio.sleep(0.01)
        load.stop()
        result = await running
    assert result["requests"] == result["answered"]
    assert load.tally.in_flight == 0
    assert set(result["kinds"]) == {"kept", "fresh", "slow"}  # type: ignore[call-overload]


async def test_the_rate_is_kept() -> None:
    async with site(lambda number, writer: WHOLE) as url:
        result = await Load(plan(url, requests=10_000, seconds=0.5, rate=20)).run()
    assert 1 <= result["requests"] <= 11  # type: ignore[operator]


async def test_a_head_in_two_parts_and_a_continue_are_read() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE[:20])
    reader.feed_data(WHOLE[20:])
    assert (await read_answer(reader))[0] == 200


async def test_the_command_writes_json_and_says_by_its_exit_code_whether_all_held(tmp_path: Path) -> None:
    async with site(lambda number, writer: WHOLE) as url:
        command = [
            sys.executable,
            str(LOAD),
            url,
            "--requests",
            "5",
            "--slow",
            "0",
            "--json",
            str(tmp_path / "out.json"),
        ]
        child = await asyncio.create_subprocess_exec(*command)
        assert await child.wait() == 0
    assert json.loads((tmp_path / "out.json").read_text())["requests"] == 5


def test_an_address_that_is_none_is_refused_in_words() -> None:
    ran = subprocess.run([sys.executable, LOAD, "ftp://x"], capture_output=True, text=True, timeout=30)
    assert ran.returncode == 1
    assert "expected http://" in ran.stderr
