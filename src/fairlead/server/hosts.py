"""Which connection leads to a target: looked up in the books, and kept while nothing about its access changed."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fairlead.adapters.connections.local import LocalConnection
from fairlead.adapters.connections.ssh import SshConnection, SshLogin
from fairlead.domain.errors import Failed
from fairlead.domain.target import SshAccess, Target
from fairlead.ports.clock import Clock
from fairlead.ports.connection import Command, Connection
from fairlead.ports.hosts import Seen
from fairlead.store import targets
from fairlead.store.database import Connection as Books
from fairlead.store.database import Database
from fairlead.store.secrets import StoreSecrets

LOOK = Command(("sh", "-c", 'for one in bash python3 pwsh; do command -v "$one" >/dev/null && echo "$one"; done; true'))
POLL_S = 0.05


class BookedHosts:
    """As ports.hosts.Hosts says. Every local target is this machine, each under its own name."""

    def __init__(self, database: Database, secrets: StoreSecrets, tickets: Path, clock: Clock) -> None:
        self._database = database
        self._secrets = secrets
        self._tickets = tickets
        self._clock = clock
        self._kept: dict[str, tuple[SshAccess, SshConnection]] = {}

    async def of_target(self, target: str) -> Connection:
        """The kept one, or a new one where the target's access was changed."""
        found, key = await self._database.read(lambda books: self._looked_up(books, target))
        if found.ssh is None:
            return LocalConnection(self._tickets, name=found.name)
        kept = self._kept.get(found.id)
        if kept is not None and kept[0] == found.ssh:
            return kept[1]
        access = found.ssh
        login = SshLogin(access.host, access.port, access.user, key, access.host_key)
        made = SshConnection(login, name=found.name)
        self._kept[found.id] = (access, made)
        if kept is not None:
            await kept[1].close()
        return made

    async def look(self, target: str) -> Seen:
        """Runs a shell that looks which programs there are."""
        connection = await self.of_target(target)
        ticket, began = f"look {target}", self._clock.monotonic_s()
        await connection.start(ticket, LOOK)
        try:
            progress = await connection.progress(ticket)
            while progress.exit_code is None:
                await asyncio.sleep(POLL_S)
                progress = await connection.progress(ticket)
        finally:
            await asyncio.shield(connection.complete(ticket))
        if progress.exit_code != 0:
            message = f"{connection.name} cannot run a shell: it ended with {progress.exit_code}"
            raise Failed("host.ticket", message, thing=connection.name)
        return Seen(self._clock.monotonic_s() - began, progress.log.decode(errors="replace").split())

    async def close(self) -> None:
        """Every connection is ended; what runs at its other end goes on."""
        kept, self._kept = self._kept, {}
        for _, connection in kept.values():
            await connection.close()

    def _looked_up(self, books: Books, target: str) -> tuple[Target, str]:
        found = targets.get(books, target)
        return found, self._secrets.reveal(books, found.ssh.key) if found.ssh else ""
