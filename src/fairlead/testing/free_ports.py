"""TCP ports for servers of tests: below those that the machine gives to connections, so that none is lost meanwhile.

A port that the machine itself chose (bind to 0) comes from the range of its outgoing connections: between the choice
and the server's start, or while the server is started again, a connection of somebody may take it.
"""

from __future__ import annotations

import functools
import itertools
import os
import socket
from collections.abc import Callable
from pathlib import Path

LOWEST = 15_000
WORKERS = 8
"""No more workers of pytest-xdist run side by side; each takes ports of its own share."""

EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
USUAL_FIRST = 32_768


@functools.cache
def free_ports_of_this_process() -> Callable[[], int]:
    """The one such function of this process, so that no two parts of it are given one port."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return free_ports(share=int(worker) % WORKERS, of=WORKERS, start=os.getpid())


def free_ports(*, share: int = 0, of: int = 1, start: int = 0) -> Callable[[], int]:
    """A function that gives a port of 127.0.0.1 that nobody listens on, each time another one.

    Programs that take ports at the same time name their `share` of `of` equal ones, and never meet. `start` (any
    number, such as a process id) says where to begin, so that two runs seldom try the same.
    """
    ports = range(LOWEST + share, _first_ephemeral(), of)
    places = itertools.cycle(range(len(ports)))
    for _ in range(start * 97 % len(ports)):
        next(places)

    def take() -> int:
        for _ in range(len(ports)):
            port = ports[next(places)]
            if _is_free(port):
                return port
        raise OSError("no port is free")

    return take


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _first_ephemeral() -> int:
    try:
        first = int(EPHEMERAL.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        first = USUAL_FIRST
    return first if first > LOWEST + 1000 else 65_535
