"""HAProxy's runtime socket: commands out, one answer for each back, over connections that stay open.

A connection is put into interactive mode (`prompt`), where every answer ends with a prompt; several commands are sent
at once and their answers counted. Source: HAProxy 2.6 management guide, section 9.3.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fairlead.domain.errors import Failed, Invalid, Unreachable

PROMPT = b"\n> "
TEXT_PROMPT = PROMPT.decode()
PAYLOAD_PROMPTS = re.compile(r"^(?:\+ )+")
TIMEOUT_S = 5.0
IDLE_CONNECTIONS = 4  # kept open by one process; HAProxy is told to allow 64 in all
ANSWER_BYTES = 16 << 20
READ_BYTES = 1 << 16
BRIEFLY_S = 0.002  # how long the event loop may stand still
UNSAFE = re.compile(r"[\x00-\x1f\x7f;\\]")


@dataclass(frozen=True, slots=True)
class Command:
    """One line, and what is sent below it where the command takes a payload (no empty line inside)."""

    text: str
    payload: str = ""

    def encoded(self) -> bytes:
        line = _line(self.text)
        if not self.payload:
            return line
        payload = self.payload.strip("\n")
        if "\n\n" in payload or "\r" in payload:
            raise Invalid("input.invalid", f"the payload of {self.text[:80]!r} would end early", thing="proxy")
        return line[:-1] + f" <<\n{payload}\n\n".encode()


class RuntimeSocket:
    """The runtime socket at `path`. Any number of callers at once, from any event loop; each has its own connection.

    `Unreachable("proxy.unreachable")` when nothing answers within the bound; `process` tells which process should, so
    that a proxy that is gone, one that hangs and one that lost its socket are told apart. A cancelled exchange gives
    its connection up: what it asked for may or may not have happened.
    """

    def __init__(
        self,
        path: Path,
        *,
        timeout_s: float = TIMEOUT_S,
        process: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._process = process
        self._idle: list[socket.socket] = []

    async def ask(self, *commands: str | Command) -> list[str]:
        """The answers, in order, each without the line breaks at its ends."""
        data = _encoded(commands)
        if self._idle:
            try:
                return await self._say(self._idle.pop(), data, len(commands))
            except ConnectionError:
                pass  # it was closed while nobody looked (the proxy was started anew): every command can be repeated
        try:
            return await self._say(await self._connection(), data, len(commands))
        except ConnectionError as error:
            raise self._unreachable(str(error)) from error

    async def _say(self, connection: socket.socket, data: bytes, count: int) -> list[str]:
        """Most answers are there within 50 µs, sooner than the event loop turns once: so it stands still for a moment,
        and only what takes longer is waited for with the loop."""
        answer, sent = b"", 0
        try:
            sent = connection.send(data)  # of very much, the kernel takes a part
            for _ in range(count if sent == len(data) else 0):  # it comes in as many parts as commands, or fewer
                answer += connection.recv(READ_BYTES)
                if _is_whole(answer, count):
                    break
        except TimeoutError:
            pass
        except BaseException:
            connection.close()
            raise
        if not _is_whole(answer, count):
            answer = await self._hear(connection, answer, count, unsent=data[sent:])
        if len(self._idle) < IDLE_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.close()
        texts = answer.decode(errors="replace").split(TEXT_PROMPT)
        return [(PAYLOAD_PROMPTS.sub("", text) if text[:1] == "+" else text).strip("\n") for text in texts[:count]]

    async def _hear(self, connection: socket.socket, heard: bytes, count: int, *, unsent: bytes = b"") -> bytes:
        loop = asyncio.get_running_loop()
        answer = bytearray(heard)
        connection.settimeout(0)
        try:
            async with asyncio.timeout(self._timeout_s):
                if unsent:
                    await loop.sock_sendall(connection, unsent)
                while not _is_whole(answer, count):
                    part = await loop.sock_recv(connection, READ_BYTES)
                    if not part or len(answer) > ANSWER_BYTES:
                        raise ConnectionResetError("its answer has no end")
                    answer += part
        except TimeoutError as error:
            connection.close()
            raise self._silent() from error
        except BaseException:
            connection.close()
            raise
        connection.settimeout(BRIEFLY_S)
        return bytes(answer)

    async def _connection(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(0)
        try:
            async with asyncio.timeout(self._timeout_s):
                await asyncio.get_running_loop().sock_connect(connection, str(self._path))
            connection.settimeout(BRIEFLY_S)
            connection.sendall(b"prompt\n")
            await self._hear(connection, b"", 1)
        except TimeoutError as error:
            connection.close()
            raise self._silent() from error
        except OSError as error:
            connection.close()
            raise self._unreachable(error.strerror or str(error)) from error
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """End what is kept open; the next `ask` opens anew."""
        while self._idle:
            self._idle.pop().close()

    def _silent(self) -> Unreachable:
        pid = self._process()
        hint = START_HINT
        if pid is not None:
            hint = f"it hangs, or the machine does; `kill -9 {pid}` ends it: {START_HINT}"
        who = "HAProxy" if pid is None else f"HAProxy (process {pid})"
        return _unreachable(f"{who} does not answer at {self._path} within {self._timeout_s:g} s", hint)

    def _unreachable(self, why: str) -> Unreachable:
        pid = self._process()
        if pid is None:
            return _unreachable(f"HAProxy does not run: {self._path}: {why}", START_HINT)
        return _unreachable(
            f"HAProxy (process {pid}) runs without its runtime socket {self._path}: {why}; it serves its users, and"
            " nothing can be changed in it",
            "start it anew: `fairlead-server down`, then `fairlead-server up`",
        )


START_HINT = "a running server starts it again within seconds; else `fairlead-server boot` does"
"""The latter needs neither server nor database, which may be why it is asked for."""


def _unreachable(message: str, hint: str) -> Unreachable:
    return Unreachable("proxy.unreachable", message, thing="proxy", hint=hint)


def _is_whole(answer: bytes | bytearray, count: int) -> bool:
    return answer.endswith(PROMPT) and answer.count(PROMPT) >= count


def _encoded(commands: Sequence[str | Command]) -> bytes:
    return b"".join([one.encoded() if isinstance(one, Command) else _line(one) for one in commands])


def _line(text: str) -> bytes:
    if UNSAFE.search(text):
        raise Invalid("input.invalid", f"{text[:80]!r} cannot be sent to the proxy", thing="proxy")
    return text.encode() + b"\n"


def refused(command: str | Command, answer: str) -> Failed:
    """The error for an answer that is not the one expected; a payload (a key may be in it) is not shown."""
    text = command.text if isinstance(command, Command) else command
    return Failed("proxy.failed", f"the proxy answered {text!r} with {answer[:300]!r}", thing="proxy")


def check(commands: Sequence[str | Command], answers: Sequence[str], *, allowed: Sequence[str] = ()) -> None:
    """Every answer is empty, or begins with one of the allowed texts: some commands succeed with text."""
    for command, answer in zip(commands, answers, strict=True):
        if answer and not answer.startswith(tuple(allowed)):
            raise refused(command, answer)
