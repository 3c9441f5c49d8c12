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
READ_BYTES = 1 << 16
BRIEFLY_MS = 1  # how long the event loop may stand still for one read, and how many of them
BRIEF_READS = 3
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
        data = b"".join([_encoded(command) for command in commands])
        if self._idle:
            exchange = _Exchange(self._idle.pop(), data, len(commands))
            try:
                return await self._finish(exchange, is_fresh=False)
            except ConnectionError:
                pass  # it was closed while nobody looked (the proxy was started anew): every command can be repeated
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(0)
        try:
            return await self._finish(_Exchange(connection, data, len(commands)), is_fresh=True)
        except ConnectionError as error:
            raise self._unreachable(str(error)) from error

    async def _finish(self, exchange: _Exchange, *, is_fresh: bool) -> list[str]:
        try:
            if is_fresh or not exchange.is_done_briefly():
                async with asyncio.timeout(self._timeout_s):
                    if is_fresh:
                        await self._open(exchange.connection)
                    await exchange.run()
            answers = exchange.answers()
        except TimeoutError as error:
            exchange.connection.close()
            raise self._unreachable(f"no answer within {self._timeout_s:g} s") from error
        except BaseException as error:
            exchange.connection.close()
            if isinstance(error, OSError) and not isinstance(error, ConnectionError):
                raise self._unreachable(str(error)) from error
            raise
        self._give_back(exchange.connection)
        return answers

    def close(self) -> None:
        """End what is kept open; the next `ask` opens anew."""
        while self._idle:
            self._idle.pop().close()

    async def _open(self, connection: socket.socket) -> None:
        await asyncio.get_running_loop().sock_connect(connection, str(self._path))
        await _Exchange(connection, b"prompt\n", 1).run()

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


class _Exchange:
    """One batch of commands on one connection. Most are answered within 50 µs, faster than the event loop turns once:
    so it first tries to be done a moment without giving way, and goes on with the loop only when it is not.
    """

    def __init__(self, connection: socket.socket, data: bytes, count: int) -> None:
        self.connection = connection
        self._unsent = memoryview(data)
        self._count = count
        self._answer = bytearray()

    def is_done_briefly(self) -> bool:
        """Whether all was said and heard; what is missing is for `run`."""
        try:
            self._unsent = self._unsent[self.connection.send(self._unsent) :]
            if self._unsent:
                return False
            ready = select.poll()
            ready.register(self.connection, select.POLLIN)
            for _ in range(BRIEF_READS):
                if self._is_whole():
                    return True
                if not ready.poll(BRIEFLY_MS):
                    return False
                self._take(self.connection.recv(READ_BYTES))
        except BlockingIOError:
            return False
        return self._is_whole()

    async def run(self) -> None:
        """Say and hear what is missing."""
        loop = asyncio.get_running_loop()
        if self._unsent:
            await loop.sock_sendall(self.connection, self._unsent)
            self._unsent = memoryview(b"")
        while not self._is_whole():
            self._take(await loop.sock_recv(self.connection, READ_BYTES))

    def answers(self) -> list[str]:
        texts = self._answer.decode(errors="replace").split(PROMPT.decode())[:-1]
        return [(PAYLOAD_PROMPTS.sub("", text) if text[:1] == "+" else text).strip("\n") for text in texts]

    def _take(self, part: bytes) -> None:
        if not part:
            raise ConnectionResetError("it closed the connection")
        self._answer += part
        if len(self._answer) > ANSWER_BYTES:
            raise ConnectionResetError("its answer is too long")

    def _is_whole(self) -> bool:
        return self._answer.endswith(PROMPT) and self._answer.count(PROMPT) >= self._count


def _encoded(command: str | Command) -> bytes:
    return (command if isinstance(command, Command) else Command(command)).encoded()


def refused(command: str | Command, answer: str) -> Failed:
    """The error for an answer that is not the one expected; a payload (a key may be in it) is not shown."""
    text = command.text if isinstance(command, Command) else command
    return Failed("proxy.failed", f"the proxy answered {text!r} with {answer[:300]!r}", thing="proxy")


def check(commands: Sequence[str | Command], answers: Sequence[str], *, allowed: Sequence[str] = ()) -> None:
    """Every answer is empty, or begins with one of the allowed texts: some commands succeed with text."""
    for command, answer in zip(commands, answers, strict=True):
        if answer and not answer.startswith(tuple(allowed)):
            raise refused(command, answer)
