"""What the runtime socket makes of answers that come in parts, late, or not at all."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fairlead.adapters.proxies import haproxy_socket
from fairlead.adapters.proxies.haproxy_socket import RuntimeSocket
from fairlead.domain.errors import Unreachable


@contextmanager
def answering(path: Path, answer: Callable[[socket.socket], None]) -> Iterator[RuntimeSocket]:
    """A stand-in that takes `prompt` for granted, and answers each exchange behind it by itself."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                assert connection.recv(100) == b"prompt\n"
                connection.sendall(b"\n> ")
                while connection.recv(1000):
                    answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        asked = RuntimeSocket(path)
        try:
            yield asked
        finally:
            asked.close()
            thread.join(5)


async def test_an_answer_in_two_parts_does_not_wait_for_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whatever else is ready runs first, in the middle of a switch."""
    monkeypatch.setattr(haproxy_socket, "BRIEFLY_S", 5.0)  # however busy the machine is

    def in_parts(connection: socket.socket) -> None:
        connection.sendall(b"\n> ")
        threading.Event().wait(0.0005)
        connection.sendall(b"0x1 shop.example.com/ fl0001\n\n> ")

    with answering(tmp_path / "haproxy.sock", in_parts) as asked:
        await asked.ask("set map routes shop.example.com/ fl0001", "show map routes")  # opens the connection
        turned = False

        def turn() -> None:
            nonlocal turned
            turned = True

        asyncio.get_running_loop().call_soon(turn)
        answers = await asked.ask("set map routes shop.example.com/ fl0001", "show map routes")
        assert answers == ["", "0x1 shop.example.com/ fl0001"]
        assert not turned


async def test_a_late_part_is_waited_for_while_the_loop_turns(tmp_path: Path) -> None:
    def late(connection: socket.socket) -> None:
        connection.sendall(b"first\n\n> ")
        threading.Event().wait(0.05)
        connection.sendall(b"second\n\n> ")

    with answering(tmp_path / "haproxy.sock", late) as asked:
        beside = asyncio.create_task(asyncio.sleep(0.01, "beside"))
        assert await asked.ask("show info", "show stat") == ["first", "second"]
        assert beside.done()


async def test_many_commands_arrive_whole_however_slowly_they_are_read(tmp_path: Path) -> None:
    """A map of thousands of lines is more than the kernel takes at once."""
    commands = [f"add map @1 routes host{number}.example.com/ fl{number:04d}" for number in range(20_000)]
    read: list[bytes] = []

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            assert connection.recv(100) == b"prompt\n"
            connection.sendall(b"\n> ")
            while b"".join(read).count(b"\n") < len(commands):
                threading.Event().wait(0.01)
                read.append(connection.recv(1 << 18))
            connection.sendall(b"\n> " * len(commands))

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "haproxy.sock"))
        listening.listen()
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        asked = RuntimeSocket(tmp_path / "haproxy.sock", timeout_s=20.0)
        try:
            assert await asked.ask(*commands) == [""] * len(commands)
        finally:
            asked.close()
            thread.join(5)
    assert b"".join(read).decode().splitlines() == commands


async def test_a_proxy_that_is_gone_or_hangs_is_told_with_what_starts_it_without_a_server(tmp_path: Path) -> None:
    """In the night when the server is broken `up` would not."""
    path = tmp_path / "haproxy.sock"
    with pytest.raises(Unreachable, match="HAProxy does not run") as gone:
        await RuntimeSocket(path).ask("show info")
    hangs = RuntimeSocket(path, process=lambda: 4711)._silent()
    assert "`kill -9 4711`" in hangs.hint
    assert all("`fairlead-server boot`" in error.hint for error in (gone.value, hangs))
