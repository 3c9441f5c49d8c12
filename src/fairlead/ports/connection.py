"""One way to reach a host: run scripts by ticket, move files, open byte streams (local, agent and SSH alike)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Command:
    """A program and its arguments (never a shell string), with what it gets. Without a `working_dir` it is run in an
    empty directory of its own, which goes with `complete`. It reads `stdin`, or the bytes of `stdin_file`, a file here
    of any size that lies there until it was begun."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    working_dir: str = ""
    stdin: bytes = b""
    stdin_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a ticket is: `exit_code` None while it runs; `log` from the asked position; `position` to ask next."""

    exit_code: int | None
    log: bytes
    position: int


@dataclass(frozen=True, slots=True)
class Streams:
    """A byte stream to an address on the host."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Connection(Protocol):
    """A host that we can reach.

    A *ticket* names one run for ever: starting it twice starts it once, and whoever asks later (another process too)
    gets its status and log from any position; `complete` forgets it. Addresses for `dial` are ``unix:/path`` or
    ``tcp:host:port`` as seen on that host. Errors: `Unreachable`, with the host's name.
    """

    name: str

    async def start(self, ticket: str, command: Command) -> None:
        """Begun, or was already."""
        ...

    async def progress(self, ticket: str, *, after: int = 0) -> Progress:
        """Its status and log; `NotFound` for a ticket that was never started."""
        ...

    async def cancel(self, ticket: str) -> None:
        """It and its children are ended; ended before is fine."""
        ...

    async def complete(self, ticket: str) -> None:
        """Its traces on the host are gone."""
        ...

    async def put(self, path: str, content: bytes, *, mode: int = 0o600) -> None:
        """The file is there with this content, whole or not at all."""
        ...

    async def get(self, path: str, *, limit_bytes: int) -> bytes:
        """The file's content."""
        ...

    async def dial(self, address: str) -> Streams:
        """An open byte stream."""
        ...
