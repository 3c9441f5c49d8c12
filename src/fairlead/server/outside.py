"""What must run beside the server: the container engine, the proxy and the registry. Found again, or started."""

from __future__ import annotations

import asyncio

import structlog

from fairlead.domain.errors import FairleadError, TimedOut
from fairlead.server.bootstrap import Server, ensure_proxy, proxy_pulse
from fairlead.server.following_switches import follow_switches
from fairlead.server.reconciling import reconcile
from fairlead.store import tasks

log = structlog.get_logger("fairlead.server")

ENGINE_TIMEOUT_S = 10.0
CHECK_EVERY_S = 5.0
SETTLE_EVERY_S = 60.0


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


class ProxyWatch:
    """Looks after the proxy: one that died is started from its own files; one that hangs, has lost its socket or
    shares its port is told of, once when it begins and once when it is over: what to end is for a person to say. While
    something is wrong, lists and pages say so (`Running.proxy_trouble`). A map that somebody edited by hand is treated
    as at a start: a switch back is followed, what was lost is mended."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._pulse = proxy_pulse(server)
        self._trouble = ""
        self._checked_s = self._settled_s = float("-inf")
        self._edited = self._tried = self._taken = frozenset[str]()

    async def look(self) -> None:
        """Cheap enough to ask every second."""
        if not self._pulse.beats():
            await self._start()
        now_s = self.server.clock.monotonic_s()
        if now_s - self._checked_s >= CHECK_EVERY_S:
            self._checked_s = now_s
            await self._check()

    async def _start(self) -> None:
        try:
            child = await ensure_proxy(self.server)
        except FairleadError as error:
            self._say("The proxy does not run, and cannot be started: users reach nothing.", error)
            raise
        log.error("proxy.was_gone", pid=child.pid)
        await reconcile(self.server)

    async def _check(self) -> None:
        try:
            await self.server.proxy.check()
        except FairleadError as error:
            self._say("The proxy is not well: users may reach nothing.", error)
        else:
            if self._trouble:
                log.warning("proxy.well_again", was=self._trouble)
            self._trouble = self.server.context.running.proxy_trouble = ""
            await self._settle()

    def _say(self, what: str, error: FairleadError) -> None:
        """At once where it can be read, and once into the log."""
        known = self.server.context.running
        if not self._trouble:
            log.error("proxy.not_well", code=error.code, reason=error.message, hint=error.hint)
            why = "; ".join(part.rstrip(".") for part in (error.message, error.hint) if part)
            known.proxy_trouble = f"{what} Since {self.server.clock.now():%Y-%m-%d %H:%M} UTC: {why}."
        self._trouble = error.code

    async def _settle(self) -> None:
        """What the map says otherwise than we wrote it, twice in a row: a switch under way writes first, then
        tells. What cannot be mended is tried again now and then, and once a task has ended: its place was left alone.
        """
        before, self._edited = self._edited, await self.server.proxy.edited()
        if not (again := self._edited & before):
            return
        taken = await self.server.context.database.read(tasks.held_tags)
        now_s = self.server.clock.monotonic_s()
        if again <= self._tried and self._taken <= taken and now_s - self._settled_s < SETTLE_EVERY_S:
            return
        self._settled_s, self._tried, self._taken = now_s, again, taken
        log.error("proxy.map_edited", lines=sorted(self._edited)[:10])
        await follow_switches(self.server)
        await reconcile(self.server)


async def keep_registry(server: Server) -> None:
    """Our own registry runs; one that died is started again."""
    if server.own_registry is not None and not server.own_registry.is_running():
        log.error("registry.was_gone")
        await server.own_registry.ensure_running()
