"""The TCP sockets of this machine that listen, as the kernel tells them: by its socket diagnosis where it has that,
else by /proc, for which it goes through the places of all connections, as many as the machine's memory allows for.

The diagnosis: sock_diag(7), and `linux/inet_diag.h` for what follows the answer's header.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LISTEN = "0A"
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
ASK_FOR_ALL = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
NLMSG_ERROR, NLMSG_DONE = 2, 3
STATE_LISTEN = 1 << 10
HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
QUESTION = struct.Struct("=BBBxI48x")  # family, protocol, extensions, states; any socket
ANSWER = struct.Struct("=B3xHxx16s28x16xI")  # family, port (big-endian), address, inode
ANSWER_BYTES = 65536
TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class ListeningSocket:
    """One of them; `inode` is the kernel's number, as links in /proc/PID/fd have it."""

    inode: str
    address: str
    port: int


def listening_sockets() -> list[ListeningSocket]:
    """All of them, IPv4 and IPv6; an address that maps an IPv4 one is told as that."""
    try:
        return [one for family in (socket.AF_INET, socket.AF_INET6) for one in _diagnosed(family)]
    except OSError:  # a kernel without it, or one that does not let us
        return [one for table in TABLES for one in _listed(table)]


def _diagnosed(family: socket.AddressFamily) -> Iterator[ListeningSocket]:
    question = QUESTION.pack(family, socket.IPPROTO_TCP, 0, STATE_LISTEN)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_SOCK_DIAG) as kernel:
        kernel.settimeout(TIMEOUT_S)
        kernel.send(HEADER.pack(HEADER.size + len(question), SOCK_DIAG_BY_FAMILY, ASK_FOR_ALL, 0, 0) + question)
        while True:
            told, place = kernel.recv(ANSWER_BYTES), 0
            while place < len(told):
                length, kind, *_ = HEADER.unpack_from(told, place)
                if kind == NLMSG_DONE:
                    return
                if kind == NLMSG_ERROR:
                    raise OSError("the kernel refused the question for its sockets")
                yield _answered(told, place + HEADER.size)
                place += (length + 3) & ~3


def _answered(told: bytes, place: int) -> ListeningSocket:
    family, port, address, inode = ANSWER.unpack_from(told, place)
    packed = address[:4] if family == socket.AF_INET else address
    return ListeningSocket(str(inode), _written(packed), socket.ntohs(port))


def _listed(table: Path) -> Iterator[ListeningSocket]:
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        fields = line.split()
        if len(fields) > 9 and fields[3] == LISTEN:
            address, _, port = fields[1].partition(":")
            # An address is printed as 32-bit words in the machine's byte order.
            words = [bytes.fromhex(address[start : start + 8])[::-1] for start in range(0, len(address), 8)]
            yield ListeningSocket(fields[9], _written(b"".join(words)), int(port, 16))


def _written(packed: bytes) -> str:
    address = ipaddress.ip_address(packed)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
