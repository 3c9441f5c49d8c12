"""What Fairlead's own HAProxy is started with, and where its files lie."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path

from fairlead.domain.errors import Invalid

SAFE_PATH = re.compile(r"/[A-Za-z0-9._/-]+")
SOCKET_PATH_BYTES = 90  # a Unix socket's path holds 107; HAProxy binds under a longer temporary name first
MAX_BACKENDS = 4096
MAX_SERVERS = 64


@dataclass(frozen=True, slots=True)
class HaproxySettings:
    """`backends` spare backends of `servers` slots each: two backends a route, one slot a replica.

    `addresses` are IP addresses to listen on; `*` is every address of the machine. Without an `https_port` there is no
    TLS front.
    """

    directory: Path
    http_port: int = 80
    https_port: int | None = 443
    addresses: tuple[str, ...] = ("*",)
    backends: int = 128
    servers: int = 8
    binary: str = "haproxy"

    def __post_init__(self) -> None:
        if not SAFE_PATH.fullmatch(str(self.directory)) or ".." in self.directory.parts:
            raise _wrong("the proxy's directory", str(self.directory), "an absolute path of letters, digits, . _ - /")
        if len(str(self.socket)) > SOCKET_PATH_BYTES:
            raise _wrong("the proxy's directory", str(self.directory), f"a path of {SOCKET_PATH_BYTES - 13} characters")
        for port in (self.http_port, self.https_port):
            if port is not None and not 0 < port < 65536:
                raise _wrong("the proxy's port", str(port), "1 to 65535")
        if self.http_port == self.https_port:
            raise _wrong("the proxy's ports", str(self.http_port), "two different ports for http and https")
        if not self.addresses or not all(_is_address(address) for address in self.addresses):
            raise _wrong("the proxy's addresses", ", ".join(self.addresses), "IP addresses, or *")
        if not 2 <= self.backends <= MAX_BACKENDS or not 1 <= self.servers <= MAX_SERVERS:
            size = f"{self.backends} × {self.servers}"
            raise _wrong("the proxy's pool", size, f"2 to {MAX_BACKENDS} backends of 1 to {MAX_SERVERS} servers")

    @property
    def socket(self) -> Path:
        """The runtime socket, level admin, for the server's own user only."""
        return self.directory / "haproxy.sock"

    @property
    def config(self) -> Path:
        return self.directory / "haproxy.cfg"

    @property
    def map(self) -> Path:
        """Host and path → backend: the only place where it is written which colour is live."""
        return self.directory / "routes.map"

    @property
    def books(self) -> Path:
        """Which route holds which backends, and what stands in their slots."""
        return self.directory / "routes.json"

    @property
    def certificate_list(self) -> Path:
        return self.directory / "certificates.list"

    @property
    def certificates(self) -> Path:
        return self.directory / "certificates"

    @property
    def none_page(self) -> Path:
        return self.directory / "none.html"

    @property
    def pid_file(self) -> Path:
        return self.directory / "haproxy.pid"

    @property
    def start_log(self) -> Path:
        return self.directory / "start.log"

    @property
    def lock(self) -> Path:
        return self.directory / "lock"

    def ports(self) -> tuple[int, ...]:
        """Every port that it listens on."""
        return (self.http_port,) if self.https_port is None else (self.http_port, self.https_port)


def _is_address(text: str) -> bool:
    if text == "*":
        return True
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _wrong(what: str, found: str, expected: str) -> Invalid:
    return Invalid("server.settings", f"{what}: found {found[:120]!r}, expected {expected}", thing="proxy")
