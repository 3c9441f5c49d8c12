"""Who listens on a TCP port of this machine, told by /proc: HAProxy would silently share a port with a stranger."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fairlead.adapters.proxies.listening_sockets import listening_sockets

PROC = Path("/proc")
SOCKET_LINK = re.compile(r"socket:\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening socket. `pid` is 0 where we may not see whose it is."""

    address: str
    port: int
    pid: int = 0
    program: str = ""
    command: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.pid:
            return f"an unknown process (on {self.address})"
        return f"{self.program or 'a process'} (pid {self.pid}, on {self.address})"


def listeners(ports: Sequence[int]) -> list[Listener]:
    """Everything that listens on one of the ports, one entry for each socket and process."""
    sockets = {one.inode: one for one in listening_sockets() if one.port in ports}
    if not sockets:
        return []
    owners = _owners(set(sockets))
    return [
        _listener(one.address, one.port, pid)
        for inode, one in sorted(sockets.items())
        for pid in owners.get(inode) or [0]
    ]


def listening_sockets_of(ports: Sequence[int]) -> frozenset[str]:
    """The sockets that listen on one of the ports, by the kernel's numbers; whose they are is not looked up."""
    return frozenset(one.inode for one in listening_sockets() if one.port in ports)


def is_in_the_way(listener: Listener, addresses: Sequence[str]) -> bool:
    """Whether its address and one of ours (`*` is every one) would share a connection."""
    theirs = ipaddress.ip_address(listener.address)
    if theirs.is_unspecified or "*" in addresses:
        return True
    ours = [ipaddress.ip_address(address) for address in addresses]
    return any(address.is_unspecified or address == theirs for address in ours)


def command_of(pid: int) -> tuple[str, ...]:
    """The arguments that the process was started with; empty where there is none, or it is a zombie."""
    try:
        raw = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ()
    return tuple(part.decode(errors="replace") for part in raw.split(b"\0") if part)


def _owners(inodes: set[str]) -> dict[str, list[int]]:
    owners: dict[str, list[int]] = {}
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        for inode in _sockets_of(entry) & inodes:
            owners.setdefault(inode, []).append(int(entry.name))
    return owners


def _sockets_of(process: Path) -> set[str]:
    try:
        names = os.listdir(process / "fd")
    except OSError:
        return set()
    found = set()
    for name in names:
        try:
            link = SOCKET_LINK.fullmatch(os.readlink(process / "fd" / name))
        except OSError:
            continue
        if link:
            found.add(link.group(1))
    return found


def _listener(address: str, port: int, pid: int) -> Listener:
    if not pid:
        return Listener(address, port)
    try:
        program = (PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        program = ""
    return Listener(address, port, pid, program, command_of(pid))
