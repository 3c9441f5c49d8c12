"""What the engine's host has left: memory and disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fairlead.ports.container_engine import Resources

UNKNOWN = -1
KIB = 1024


def local_resources(root_dir: str, cpus: int) -> Resources:
    """Asked of this machine, where the engine runs: /proc/meminfo, and the file system of the engine's data."""
    memory = memory_lines(Path("/proc/meminfo").read_text())
    disk = os.statvfs(_nearest_existing(Path(root_dir)))
    return Resources(
        memory_free_bytes=memory.get("MemAvailable", UNKNOWN),
        disk_free_bytes=disk.f_bavail * disk.f_frsize,
        cpus=cpus,
    )


def remote_resources(told: dict[str, Any]) -> Resources:
    """Of what `/info` tells; what is free cannot be told without a program there."""
    return Resources(memory_free_bytes=UNKNOWN, disk_free_bytes=UNKNOWN, cpus=int(told.get("NCPU") or 0))


def memory_lines(text: str) -> dict[str, int]:
    """`/proc/meminfo` in bytes (it says kB and means KiB)."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        amount = rest.split()
        if amount and amount[0].isdecimal():
            found[name] = int(amount[0]) * (KIB if amount[1:] == ["kB"] else 1)
    return found


def _nearest_existing(path: Path) -> Path:
    """The engine's data may not be visible to us (we may run in a container): then what is above it."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
