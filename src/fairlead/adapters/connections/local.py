"""This machine as a `Connection`: tickets are directories, and what runs in them outlives us."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from fairlead.adapters.connections.addresses import read_address
from fairlead.adapters.connections.tickets import Tickets
from fairlead.domain.errors import Failed, NotFound, TooLarge, Unreachable
from fairlead.ports.connection import Command, Progress, Streams

CONNECT_TIMEOUT_S = 5.0
LINE_BYTES = 1024 * 1024  # of a reader: HAProxy's answers come in lines, and some are long


class LocalConnection:
    """A `Connection` to the machine that we run on. `state_dir` holds the tickets; it is made where it is missing."""

    def __init__(self, state_dir: str | Path, *, name: str = "local", connect_timeout_s: float = CONNECT_TIMEOUT_S):
        self.name = name
        self._tickets = Tickets(Path(state_dir))
        self._connect_timeout_s = connect_timeout_s

    async def start(self, ticket: str, command: Command) -> None:
        await asyncio.to_thread(self._tickets.start, ticket, command)

    async def progress(self, ticket: str, *, after: int = 0) -> Progress:
        return await asyncio.to_thread(self._tickets.progress, ticket, after)

    async def cancel(self, ticket: str) -> None:
        await asyncio.to_thread(self._tickets.cancel, ticket)

    async def complete(self, ticket: str) -> None:
        await asyncio.to_thread(self._tickets.complete, ticket)

    async def put(self, path: str, content: bytes, *, mode: int = 0o600) -> None:
        try:
            await asyncio.to_thread(_put, Path(path), content, mode)
        except OSError as error:
            raise _file_error("write", path, error) from error

    async def get(self, path: str, *, limit_bytes: int) -> bytes:
        try:
            return await asyncio.to_thread(_get, path, limit_bytes)
        except OSError as error:
            raise _file_error("read", path, error) from error

    async def dial(self, address: str) -> Streams:
        where = read_address(address)
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                if isinstance(where, str):
                    reader, writer = await asyncio.open_unix_connection(where, limit=LINE_BYTES)
                else:
                    reader, writer = await asyncio.open_connection(*where, limit=LINE_BYTES)
        except OSError as error:  # TimeoutError among them
            words = str(error) or f"no answer within {self._connect_timeout_s:g} s"
            raise Unreachable("host.unreachable", f"{self.name}: {address}: {words}", thing=address) from error
        return Streams(reader, writer)


def _put(path: Path, content: bytes, mode: int) -> None:
    """Written beside and renamed, so that a reader sees the old file or the new one."""
    descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _get(path: str, limit_bytes: int) -> bytes:
    with open(path, "rb") as file:
        content = file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise TooLarge("input.too_large", f"{path} is larger than {limit_bytes} bytes", thing=path)
    return content


def _file_error(doing: str, path: str, error: OSError) -> NotFound | Failed:
    words = f"cannot {doing} {path}: {error.strerror or error}"
    if isinstance(error, FileNotFoundError):
        return NotFound("host.file", words, thing=path)
    return Failed("host.file", words, thing=path)
