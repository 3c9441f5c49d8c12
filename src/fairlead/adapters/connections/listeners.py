"""Which TCP addresses of this machine something listens on, from /proc/net/tcp and tcp6 (proc(5))."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path

LISTEN = "0A"


def listening_sockets(root: Path = Path("/proc/net")) -> list[tuple[str, int]]:
    """Addresses and ports, each once, sorted."""
    tables = [root / name for name in ("tcp", "tcp6")]
    return read_listeners("".join(table.read_text() for table in tables if table.exists()))  # none for IPv6 on some


def read_listeners(tables: str) -> list[tuple[str, int]]:
    """The same, from the text of those files."""
    rows = (line.split() for line in tables.splitlines())
    return sorted({read_address(fields[1]) for fields in rows if len(fields) > 3 and fields[3] == LISTEN})


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
