"""A Connection to a host in memory: scripted runs, files, and streams to what listens in a container world."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass

from fairlead.domain.errors import Invalid, NotFound, TooLarge, Unreachable
from fairlead.ports.connection import Command, Progress, Streams
from fairlead.testing.container_world import ContainerWorld

REQUEST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Run:
    """What a command does: writes `log` and ends with `exit_code`, or (None) runs until it is cancelled."""

    log: bytes = b""
    exit_code: int | None = 0


class FakeHost:
    """What outlives the connections to it: tickets, files and listeners. `world` holds the containers on it."""

    def __init__(self, world: ContainerWorld | None = None) -> None:
        self.world = world
        self.is_down = False
        self.script: Callable[[Command], Run] = lambda _: Run()
        self.runs: dict[str, Run] = {}
        self.started: list[tuple[str, Command]] = []
        self.files: dict[str, tuple[bytes, int]] = {}
        self.listeners: dict[str, Callable[[bytes], bytes]] = {}


class FakeConnection:
    """A Connection. Make another one on the same host to play the server's successor."""

    def __init__(self, host: FakeHost, *, name: str = "fake") -> None:
        self.name = name
        self._host = host

    async def start(self, ticket: str, command: Command) -> None:
        await self._reach()
        if ticket not in self._host.runs:
            self._host.runs[ticket] = self._host.script(command)
            self._host.started.append((ticket, command))

    async def progress(self, ticket: str, *, after: int = 0) -> Progress:
        await self._reach()
        run = self._host.runs.get(ticket)
        if run is None:
            raise NotFound("host.ticket", f"the ticket {ticket} was never started here", thing=ticket)
        log = run.log[after:]
        return Progress(run.exit_code, log, after + len(log))

    async def cancel(self, ticket: str) -> None:
        await self._reach()
        run = self._host.runs.get(ticket)
        if run is not None and run.exit_code is None:
            self._host.runs[ticket] = Run(run.log, 143)

    async def complete(self, ticket: str) -> None:
        await self._reach()
        self._host.runs.pop(ticket, None)

    async def put(self, path: str, content: bytes, *, mode: int = 0o600) -> None:
        await self._reach()
        self._host.files[path] = (content, mode)

    async def get(self, path: str, *, limit_bytes: int) -> bytes:
        await self._reach()
        if path not in self._host.files:
            raise NotFound("host.file", f"cannot read {path}: it is not there", thing=path)
        content, _ = self._host.files[path]
        if len(content) > limit_bytes:
            raise TooLarge("input.too_large", f"{path} is larger than {limit_bytes} bytes", thing=path)
        return content

    async def dial(self, address: str) -> Streams:
        await self._reach()
        answer = self._answerer(address)
        if answer is None:
            said = f"{self.name}: {address}: connection refused"
            raise Unreachable("host.unreachable", said, thing=address) from ConnectionRefusedError()
        ours, theirs = socket.socketpair()
        there_reader, there_writer = await asyncio.open_connection(sock=theirs)
        reader, writer = await asyncio.open_connection(sock=ours)
        answering = asyncio.create_task(_answer(there_reader, there_writer, answer))
        _ANSWERING.add(answering)
        answering.add_done_callback(_ANSWERING.discard)
        return Streams(reader, writer)

    def _answerer(self, address: str) -> Callable[[bytes], bytes] | None:
        kind, _, where = address.partition(":")
        if kind not in {"unix", "tcp"} or not where:
            raise Invalid("input.invalid", f"{address!r} is neither unix:/path nor tcp:host:port", thing=address)
        if address in self._host.listeners:
            return self._host.listeners[address]
        if kind == "unix" or self._host.world is None:
            return None
        found = self._host.world.listener(*_host_and_port(address))
        return None if found is None else found.behaviour.answer or (lambda _: b"")

    async def _reach(self) -> None:
        await asyncio.sleep(0)
        if self._host.is_down:
            raise Unreachable("host.unreachable", f"{self.name} cannot be reached", thing=self.name)


_ANSWERING: set[asyncio.Task[None]] = set()
"""Held so that they are not collected while they run; each ends with its stream."""


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Callable[[bytes], bytes]) -> None:
    """One request, one answer, as a server that closes after it."""
    with contextlib.suppress(OSError):
        request = await reader.read(REQUEST_BYTES)
        if request:
            writer.write(answer(request))
            await writer.drain()
        writer.close()
        await writer.wait_closed()


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.removeprefix("tcp:").rpartition(":")
    return host, int(port)
