"""What commands need that work beside a server, or where there is none: the books alone, or the outside alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime

from fairlead.adapters.connections.local import LocalConnection
from fairlead.adapters.engines.docker import DockerEngine
from fairlead.adapters.proxies import haproxy_child
from fairlead.adapters.proxies.haproxy import HaproxyProxy
from fairlead.adapters.system import SystemClock, SystemIds
from fairlead.ports.clock import Clock
from fairlead.ports.connection import Connection as Ways
from fairlead.ports.container_engine import ContainerEngine
from fairlead.ports.proxy import Proxy
from fairlead.server.bootstrap import open_database, proxy_settings_of, registry_of
from fairlead.server.installation import installation_of
from fairlead.server.no_queue import NoQueue
from fairlead.server.settings import Settings
from fairlead.store.artifact_files import StoreArtifacts
from fairlead.store.secrets import StoreSecrets
from fairlead.usecases.context import Context


def now() -> datetime:
    """By the machine's clock."""
    return SystemClock().now()


async def start_proxy(settings: Settings) -> haproxy_child.HaproxyChild:
    """The proxy runs: the one that was left, or one started from its files."""
    return await haproxy_child.ensure_running(proxy_settings_of(settings), SystemClock())


@dataclass(frozen=True, slots=True)
class WithoutServer:
    """The outside as it is reached when there is neither server nor database."""

    engine: ContainerEngine
    proxy: Proxy
    connection: Ways
    clock: Clock


@asynccontextmanager
async def without_server(settings: Settings, installation: str = "") -> AsyncIterator[WithoutServer]:
    """Nothing is asked yet."""
    clock, chosen = SystemClock(), proxy_settings_of(settings)
    proxy = HaproxyProxy(chosen, clock)
    engine = DockerEngine(settings.docker_socket, installation=installation)
    try:
        yield WithoutServer(engine, proxy, LocalConnection(settings.data_dir / "tickets"), clock)
    finally:
        proxy.close()
        await engine.close()


async def stop_outside(settings: Settings) -> tuple[str, ...]:
    """Ends Fairlead's own proxy and registry; what ran, by name. Routes no longer answer."""
    ended = []
    if await haproxy_child.stop(proxy_settings_of(settings), SystemClock()):
        ended.append("proxy")
    _, own = registry_of(settings)
    if own is not None and own.is_running():
        await own.stop()
        ended.append("registry")
    return tuple(ended)


async def look_at_engine(settings: Settings) -> str:
    """The engine's version; an error says which socket was tried and what to install."""
    async with DockerEngine(settings.docker_socket) as engine:
        return f"Docker {await engine.version()} at {settings.docker_socket}"


async def look_at_proxy(settings: Settings) -> str:
    """The version that is installed, and whether ours runs."""
    chosen = proxy_settings_of(settings)
    _, version = await haproxy_child.find_binary(chosen)
    pid = haproxy_child.running_pid(chosen)
    if pid is None:
        haproxy_child.refuse_strangers(chosen, own=0)
    else:
        running = HaproxyProxy(chosen, SystemClock())
        try:
            await running.check()
        finally:
            running.close()
    return f"HAProxy {version}, " + (f"runs (process {pid})" if pid else "not started yet")


async def look_at_registry(settings: Settings) -> str:
    """Whether it answers."""
    registry, own = registry_of(settings)
    if own is not None and not own.is_running():
        return f"Fairlead's own at {own.free_address()}, not started yet"
    await registry.check()
    return f"{registry.address} answers"


@contextmanager
def books_only(settings: Settings) -> Iterator[Context]:
    """The books without anything that runs: for commands beside, or instead of, a server. Nothing can be queued."""
    clock, ids = SystemClock(), SystemIds()
    database, sealer = open_database(settings)
    try:
        secrets = StoreSecrets(database, sealer, ids)
        artifacts = StoreArtifacts(database, settings.data_dir / "artifacts", clock)
        installation = installation_of(settings)
        yield Context(database, clock, ids, NoQueue(), secrets, artifacts, installation)
    finally:
        database.close()
