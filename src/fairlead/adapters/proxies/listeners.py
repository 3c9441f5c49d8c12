"""Who listens on a TCP port of this machine, told by /proc: HAProxy would silently share a port with a stranger."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

LISTEN = "0A"
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


def listeners(ports: Sequence[int], *, proc: Path = Path("/proc")) -> list[Listener]:
    """Everything that listens on one of the ports, one entry for each socket and process."""
    sockets = {inode: (address, port) for inode, address, port in _all_listening(proc) if port in ports}
    if not sockets:
        return []
    owners = _owners(set(sockets), proc)
    return [
        _listener(address, port, pid, proc)
        for inode, (address, port) in sorted(sockets.items())
        for pid in owners.get(inode) or [0]
    ]


def listening_sockets_of(ports: Sequence[int], *, proc: Path = Path("/proc")) -> frozenset[str]:
    """The sockets that listen on one of the ports, by the kernel's numbers; whose they are is not looked up."""
    return frozenset(inode for inode, _, port in _all_listening(proc) if port in ports)


def is_in_the_way(listener: Listener, addresses: Sequence[str]) -> bool:
    """Whether its address and one of ours (`*` is every one) would share a connection."""
    theirs = ipaddress.ip_address(listener.address)
    if theirs.is_unspecified or "*" in addresses:
        return True
    ours = [ipaddress.ip_address(address) for address in addresses]
    return any(address.is_unspecified or address == theirs for address in ours)


def command_of(pid: int, *, proc: Path = Path("/proc")) -> tuple[str, ...]:
    """The arguments that the process was started with; empty where there is none, or it is a zombie."""
    try:
        raw = (proc / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ()
    return tuple(part.decode(errors="replace") for part in raw.split(b"\0") if part)


def _all_listening(proc: Path) -> Iterator[tuple[str, str, int]]:
    for name in ("tcp", "tcp6"):
        yield from _listening(proc / "net" / name)


def _listening(table: Path) -> Iterator[tuple[str, str, int]]:
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        fields = line.split()
        if len(fields) > 9 and fields[3] == LISTEN:
            address, _, port = fields[1].partition(":")
            yield fields[9], _address(address), int(port, 16)


def _address(text: str) -> str:
    """The kernel prints an address as 32-bit words in the machine's byte order."""
    words = [bytes.fromhex(text[place : place + 8])[::-1] for place in range(0, len(text), 8)]
    address = ipaddress.ip_address(b"".join(words))
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _owners(inodes: set[str], proc: Path) -> dict[str, list[int]]:
    owners: dict[str, list[int]] = {}
    for entry in proc.iterdir():
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


def _listener(address: str, port: int, pid: int, proc: Path) -> Listener:
    if not pid:
        return Listener(address, port)
    try:
        program = (proc / str(pid) / "comm").read_text().strip()
    except OSError:
        program = ""
    return Listener(address, port, pid, program, command_of(pid, proc=proc))
