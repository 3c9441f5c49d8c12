"""Which connection leads to a target: looked up in the books, and kept while nothing about its access changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from fairlead.domain.errors import Failed, Refused, Unreachable
from fairlead.domain.ids import TaskId
from fairlead.domain.policy import SCRIPTS_AT_SERVER, may_run_at_server
from fairlead.domain.target import SshAccess, Target
from fairlead.ports.clock import Clock
from fairlead.ports.connection import Command, Connection
from fairlead.ports.container_engine import ContainerEngine
from fairlead.ports.hosts import Seen
from fairlead.store import environments, policies, projects, targets, tasks
from fairlead.store.database import Connection as Books
from fairlead.store.database import Database
from fairlead.store.secret_versions import SecretUse
from fairlead.store.secrets import StoreSecrets

LOOK = Command(("sh", "-c", 'for one in bash python3 pwsh; do command -v "$one" >/dev/null && echo "$one"; done; true'))
POLL_S = 0.05
T = TypeVar("T")


class Closable(Connection, Protocol):
    """A connection that is kept open."""

    async def close(self) -> None:
        """It is ended; what runs at its other end goes on."""
        ...


class ClosableEngine(ContainerEngine, Protocol):
    """An engine whose way there is kept open."""

    async def close(self) -> None:
        """It is ended; what runs there goes on."""
        ...


class BookedHosts:
    """As ports.hosts.Hosts says. Every local target is this machine, each under its own name.

    `local` makes the connection to this machine under a name, `ssh` the one to a host: access, private key, name.
    `engine` is this machine's; `engine_at` makes the one that is reached over a connection.
    """

    def __init__(
        self,
        database: Database,
        secrets: StoreSecrets,
        clock: Clock,
        *,
        local: Callable[[str], Connection],
        ssh: Callable[[SshAccess, str, str], Closable],
        engine: ContainerEngine | None = None,
        engine_at: Callable[[Connection], Awaitable[ClosableEngine]] | None = None,
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._clock = clock
        self._local = local
        self._ssh = ssh
        self._engine = engine
        self._engine_at = engine_at
        self._kept: dict[str, tuple[SshAccess, Closable]] = {}
        self._engines: dict[str, tuple[Connection, ClosableEngine]] = {}

    async def of_target(self, target: str) -> Connection:
        """The kept one, or a new one where the target's access was changed."""
        found, key = await self._database.run(lambda: self._looked_up(target))
        if found.ssh is None:
            return self._local(found.name)
        kept = self._kept.get(found.id)
        if kept is not None and kept[0] == found.ssh:
            return kept[1]
        made = self._ssh(found.ssh, key, found.name)
        self._kept[found.id] = (found.ssh, made)
        if kept is not None:
            await kept[1].close()
        return made

    async def engine_of(self, target: str) -> ContainerEngine:
        """This machine's for a local target; else the kept one, or a new one where the connection is another."""
        connection = await self.of_target(target)
        kept = self._engines.get(target)
        if kept is not None and kept[0] is connection:
            return kept[1]
        held = self._kept.get(target)
        if held is None or held[1] is not connection:
            return _there(self._engine, connection)
        made = await _there(self._engine_at, connection)(connection)
        kept = self._engines.get(target)
        if kept is not None and kept[0] is connection:  # who asked beside was faster
            await made.close()
            return kept[1]
        self._engines[target] = (connection, made)
        if kept is not None:
            await kept[1].close()
        return made

    async def of_server(self, task: TaskId) -> Connection:
        """This machine, where the task's project may."""
        await self._database.read(lambda books: _require_allowed(books, task))
        return self._local("the server")

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
        engines, self._engines = self._engines, {}
        for _, engine in engines.values():
            await engine.close()
        kept, self._kept = self._kept, {}
        for _, connection in kept.values():
            await connection.close()

    def _looked_up(self, target: str) -> tuple[Target, str]:
        with self._database.reading() as books:
            found = targets.get(books, target)
        if found.ssh is None:
            return found, ""
        use = SecretUse(f"reach {found.name} at {found.address}", found.id)
        return found, self._secrets.use(self._database, [found.ssh.key], use)[found.ssh.key]


def _there(found: T | None, connection: Connection) -> T:
    if found is None:
        raise Unreachable("engine.unreachable", f"{connection.name} has no container engine", thing=connection.name)
    return found


def _require_allowed(books: Books, task: TaskId) -> None:
    held = tasks.get(books, task)
    owner = projects.by_name(books, held.project)
    place = environments.find_by_name(books, held.environment) if held.environment else None
    if not may_run_at_server(policies.of_project(books, owner.id), place.id if place else None):
        raise Refused(
            "policy.refused",
            f"scripts of {owner.name} may not run at the server",
            thing=owner.name,
            hint=f"run them on a target, or let an administrator allow it: "
            f"fairlead policy allow {SCRIPTS_AT_SERVER} --project {owner.name}",
        )
