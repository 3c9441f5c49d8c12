"""Asking a server from outside whether it is ready, without loading one."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass

from fairlead.server.settings import Settings

TIMEOUT_S = 2.0
LONGEST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said there; `reason`: why it is not ready, empty where it is."""

    reason: str


def is_ready(settings: Settings) -> bool:
    """Whether a server answers at the address of the settings that it is ready."""
    said = ask(settings)
    return said is not None and not said.reason


def ask(settings: Settings) -> Answer | None:
    """What answers at the address of the settings; None where nothing does."""
    connection = http.client.HTTPConnection(settings.host, settings.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        got = connection.getresponse()
        said = json.loads(got.read(LONGEST_BYTES))
        return Answer("" if got.status == 200 and said["status"] == "ready" else str(said["reason"]))
    except TimeoutError:
        return Answer(f"no answer within {TIMEOUT_S:g} s")
    except OSError:
        return None
    except (http.client.HTTPException, ValueError, KeyError, TypeError):
        return Answer("what answers there is not a Fairlead server")
    finally:
        connection.close()
