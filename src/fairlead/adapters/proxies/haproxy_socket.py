"""HAProxy's runtime socket: commands out, one answer for each back, over connections that stay open.

A connection is put into interactive mode (`prompt`), where every answer ends with a prompt; several commands are sent
at once and their answers counted. Source: HAProxy 2.6 management guide, section 9.3.
"""

from __future__ import annotations

import asyncio
import re
import select
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fairlead.domain.errors import Failed, Invalid, Unreachable

PROMPT = b"\n> "
PAYLOAD_PROMPTS = re.compile(r"^(?:\+ )+")
TIMEOUT_S = 5.0
IDLE_CONNECTIONS = 4  # kept open by one process; HAProxy is told to allow 64 in all
ANSWER_BYTES = 16 << 20
BRIEFLY_S = 0.001  # an answer comes within 30 µs: shorter than a round through the event loop
UNSAFE = re.compile(r"[\x00-\x1f\x7f;\\]")


@dataclass(frozen=True, slots=True)
class Command:
    """One line, and what is sent below it where the command takes a payload (no empty line inside)."""

    text: str
    payload: str = ""

    def encoded(self) -> bytes:
        if UNSAFE.search(self.text) or "\n\n" in self.payload.strip("\n") or "\r" in self.payload:
            raise Invalid("input.invalid", f"{self.text[:80]!r} cannot be sent to the proxy", thing="proxy")
        if not self.payload:
            return self.text.encode() + b"\n"
        return f"{self.text} <<\n{self.payload.strip(chr(10))}\n\n".encode()


class RuntimeSocket:
    """The runtime socket at `path`. Any number of callers at once, from any event loop; each has its own connection.

    `Unreachable("proxy.unreachable")` when nothing answers within the bound. A cancelled exchange gives its connection
    up: what it asked for may or may not have happened.
    """

    def __init__(self, path: Path, *, timeout_s: float = TIMEOUT_S) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._idle: list[socket.socket] = []

    async def ask(self, *commands: str | Command) -> list[str]:
        """The answers, in order, each without the line breaks at its ends."""
        lines = [command if isinstance(command, Command) else Command(command) for command in commands]
        data = b"".join(line.encoded() for line in lines)
        connection, is_fresh = self._take()
        try:
            async with asyncio.timeout(self._timeout_s):
                if is_fresh:
                    await self._open(connection)
                answers = await _exchange(connection, data, len(lines))
        except (OSError, TimeoutError, EOFError) as error:
            connection.close()
            raise self._unreachable(str(error) or type(error).__name__) from error
        except BaseException:
            connection.close()
            raise
        self._give_back(connection)
        return answers

    def close(self) -> None:
        """End what is kept open; the next `ask` opens anew."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> tuple[socket.socket, bool]:
        while self._idle:
            connection = self._idle.pop()
            if _is_open(connection):
                return connection, False
            connection.close()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(0)
        return connection, True

    async def _open(self, connection: socket.socket) -> None:
        await asyncio.get_running_loop().sock_connect(connection, str(self._path))
        await _exchange(connection, b"prompt\n", 1)

    def _give_back(self, connection: socket.socket) -> None:
        if len(self._idle) < IDLE_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.close()

    def _unreachable(self, why: str) -> Unreachable:
        return Unreachable(
            "proxy.unreachable",
            f"the proxy's runtime socket {self._path} does not answer: {why}",
            thing="proxy",
            hint="start it with `fairlead-server up`",
        )


async def _exchange(connection: socket.socket, data: bytes, count: int) -> list[str]:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, data)
    answer = bytearray()
    while not (answer.endswith(PROMPT) and answer.count(PROMPT) >= count):
        select.select([connection], [], [], BRIEFLY_S)
        part = await loop.sock_recv(connection, 1 << 16)
        if not part:
            raise EOFError("it closed the connection")
        answer += part
        if len(answer) > ANSWER_BYTES:
            raise EOFError("its answer is too long")
    texts = answer.decode(errors="replace").split(PROMPT.decode())[:-1]
    return [PAYLOAD_PROMPTS.sub("", text).strip("\n") for text in texts]


def _is_open(connection: socket.socket) -> bool:
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False  # closed, or something is left over that nobody asked for


def refused(command: str | Command, answer: str) -> Failed:
    """The error for an answer that is not the one expected; a payload (a key may be in it) is not shown."""
    text = command.text if isinstance(command, Command) else command
    return Failed("proxy.failed", f"the proxy answered {text!r} with {answer[:300]!r}", thing="proxy")


def check(commands: Sequence[str | Command], answers: Sequence[str], *, allowed: Sequence[str] = ()) -> None:
    """Every answer is empty, or begins with one of the allowed texts: some commands succeed with text."""
    for command, answer in zip(commands, answers, strict=True):
        if answer and not answer.startswith(tuple(allowed)):
            raise refused(command, answer)
