"""Which TCP addresses of this machine something listens on, from /proc/net/tcp and tcp6 (proc(5))."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path

LISTEN = "0A"


def listening_sockets(root: Path = Path("/proc/net")) -> list[tuple[str, int]]:
    """Addresses and ports, each once, sorted."""
    found: set[tuple[str, int]] = set()
    for name in ("tcp", "tcp6"):
        try:
            lines = (root / name).read_text().splitlines()[1:]
        except FileNotFoundError:  # a machine without IPv6
            continue
        for line in lines:
            fields = line.split()
            if len(fields) > 3 and fields[3] == LISTEN:
                found.add(read_address(fields[1]))
    return sorted(found)


def read_address(text: str) -> tuple[str, int]:
    """``0100007F:1F90`` is 127.0.0.1 and 8080: words of four bytes in the machine's order, the port as it is read."""
    address, _, port = text.partition(":")
    raw = bytes.fromhex(address)
    if sys.byteorder == "little":
        raw = b"".join(raw[start : start + 4][::-1] for start in range(0, len(raw), 4))
    told = ipaddress.ip_address(raw)
    if isinstance(told, ipaddress.IPv6Address) and told.ipv4_mapped is not None:
        told = told.ipv4_mapped
    return str(told), int(port, 16)
