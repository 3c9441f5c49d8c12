"""Serves the application on its address until it is told to end."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress

import structlog
from uvicorn.config import Config
from uvicorn.server import Server as Uvicorn

from fairlead.domain.errors import Conflict
from fairlead.server import logs
from fairlead.server.app import create
from fairlead.server.bootstrap import Server, build
from fairlead.server.life import living
from fairlead.server.settings import Settings, unknown

log = structlog.get_logger(__name__)

COLLECTED = (1_000, 10, 30)
"""When garbage is looked for. By Python's own measure (700, 10, 10) the answer with a list of 150 KB waited for several
collections of everything: what is frozen does not count, and so everything else always seems to have grown by much."""

TICK_S = 1.0


class _Serving(Uvicorn):
    """Signals are ours: the end of serving is not the end of the process, whose parts end after it."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._told_to_end = asyncio.Event()

    def end(self) -> None:
        """Stop accepting requests."""
        self.should_exit = True
        self._told_to_end.set()

    async def main_loop(self) -> None:
        """As uvicorn's, which looks ten times a second whether it is to end; this one is told. What is left to do each
        second is the date that answers bear."""
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told_to_end.wait(), TICK_S)

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


def serve(settings: Settings, *, build: Callable[[Settings], Server] = build) -> None:
    """Until SIGTERM or SIGINT. Conflict `server.port` where the port is in use; what the start refuses is raised."""
    logs.configure(settings.log_level, settings.log_format)
    for sentence in unknown(os.environ):
        log.warning("settings.unknown", what=sentence)
    listener = _listen(settings)
    asyncio.run(_serve(settings, listener, build))
    os._exit(0)  # every part has ended; what is left are idle threads of libraries, which would take seconds to join


async def _serve(settings: Settings, listener: socket.socket, build: Callable[[Settings], Server]) -> None:
    server = await asyncio.to_thread(build, settings)
    async with living(server) as life:
        config = Config(
            create(life),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=5,
            server_header=False,
            proxy_headers=False,
        )
        serving = _Serving(config)
        gc.collect()
        gc.freeze()  # what is there by now stays: no later collection needs to look through it again
        gc.set_threshold(*COLLECTED)
        gc.enable()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, serving.end)
        await serving.serve(sockets=[listener])


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Where the protocol is not named, asyncio leaves Nagle's algorithm on, and every answer's end is 40 ms late.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise Conflict(
            "server.port",
            f"{settings.host}:{settings.port} cannot be used: {error.strerror}",
            thing=f"{settings.host}:{settings.port}",
            hint="another server may run there; choose another port (FAIRLEAD_PORT)",
        ) from error
    return listener
