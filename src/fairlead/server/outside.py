"""What must run beside the server: the container engine, the proxy and the registry. Found again, or started."""

from __future__ import annotations

import asyncio

import structlog

from fairlead.domain.errors import FairleadError, TimedOut
from fairlead.server.bootstrap import Server, ensure_proxy

log = structlog.get_logger("fairlead.server")

ENGINE_TIMEOUT_S = 10.0


async def ensure_outside(server: Server) -> None:
    """Engine, proxy and registry answer; an error says what to install or which socket is meant."""
    try:
        async with asyncio.timeout(ENGINE_TIMEOUT_S):
            version = await server.container_engine.version()
    except TimeoutError as error:
        message = f"the container engine at {server.settings.docker_socket} did not answer in {ENGINE_TIMEOUT_S:g} s"
        raise TimedOut("engine.unreachable", message, hint="is it starting? fairlead-server doctor") from error
    log.info("engine.found", version=version, socket=server.settings.docker_socket)
    child = await ensure_proxy(server)
    log.info("proxy.started" if child.was_started else "proxy.found", version=child.version, pid=child.pid)
    if child.needs_restart:
        log.warning("proxy.needs_restart", reason=child.needs_restart)
    if server.own_registry is not None:
        await server.own_registry.ensure_running()
    try:
        await server.registry.check()
    except FairleadError as error:
        if server.own_registry is not None:
            raise
        log.warning("registry.not_reached", registry=server.registry.address, reason=str(error))
