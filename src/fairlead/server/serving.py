"""Serves the application on its address until it is told to end."""

from __future__ import annotations

import http.client
import os
import socket

import uvicorn

from fairlead.domain.errors import Conflict, FairleadError
from fairlead.server import logs
from fairlead.server.app import create
from fairlead.server.bootstrap import build
from fairlead.server.settings import Settings


def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Conflict `server.port` where the port is in use; what the start refuses is raised."""
    logs.configure(settings.log_level, settings.log_format)
    listener = _listen(settings)
    server = build(settings)
    failed: list[BaseException] = []
    config = uvicorn.Config(
        create(server, on_failure=failed.append),
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=5,
        server_header=False,
        proxy_headers=False,
    )
    running = uvicorn.Server(config)
    running.run(sockets=[listener])
    if failed:
        error = failed[0]
        raise error if isinstance(error, FairleadError) else RuntimeError("the server did not start") from error
    os._exit(0)  # every part has ended; what is left are idle threads of libraries, which would take seconds to join


def is_ready(settings: Settings) -> bool:
    """Whether a server answers there that it is ready."""
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise Conflict(
            "server.port",
            f"{settings.host}:{settings.port} cannot be listened on: {error.strerror}",
            thing=f"{settings.host}:{settings.port}",
            hint="another server may run there; choose another port (FAIRLEAD_PORT)",
        ) from error
    return listener
