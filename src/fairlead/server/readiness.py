"""Asking a server from outside whether it is ready, without loading one."""

from __future__ import annotations

import http.client

from fairlead.server.settings import Settings

TIMEOUT_S = 2.0


def is_ready(settings: Settings) -> bool:
    """Whether a server answers at the address of the settings that it is ready."""
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
