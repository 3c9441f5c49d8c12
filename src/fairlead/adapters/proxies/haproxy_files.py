"""The files that HAProxy starts from, written before the running proxy is changed, and the lock on all of it."""

from __future__ import annotations

import fcntl
import os
import pwd
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from fairlead.adapters.proxies import haproxy_config
from fairlead.adapters.proxies.haproxy_books import Books, books_text, map_text, parse_books
from fairlead.adapters.proxies.haproxy_settings import HaproxySettings
from fairlead.domain.errors import Failed, TimedOut
from fairlead.ports.clock import Clock

LOCK_BOUND_S = 30.0  # no verb holds it for longer than a few exchanges over the socket
LOCK_POLL_S = 0.005
USER = "haproxy"


class HaproxyFiles:
    """Reads and writes the books, the map and the configuration of one proxy.

    Writing is atomic for each file and comes **before** the running proxy is told, so that a death in between is seen
    by reading the proxy back. It is not forced to the disk: after a loss of power the containers are gone as well, and
    all is put up anew from the records.
    """

    def __init__(self, settings: HaproxySettings) -> None:
        self.settings = settings
        self._known: tuple[str, str, Books] = ("", "", Books(settings.backends, settings.servers))

    def read(self) -> Books:
        """What is on disk now; another process may have written it."""
        try:
            routes = self.settings.books.read_text()
            routed = self.settings.map.read_text()
        except FileNotFoundError:
            return Books(self.settings.backends, self.settings.servers)
        known_routes, known_routed, books = self._known
        if (routes, routed) != (known_routes, known_routed):
            try:
                books = parse_books(routes, routed)
            except (ValueError, KeyError, TypeError) as error:
                raise Failed(
                    "proxy.failed", f"{self.settings.books} cannot be read: {error}", thing=str(self.settings.books)
                ) from error
            self._known = (routes, routed, books)
        return books

    def write(self, books: Books) -> None:
        """The books are on disk, and the configuration that follows from them."""
        known_routes, known_routed, _ = self._known
        routes, routed = books_text(books), map_text(books.routed)
        if routed != known_routed:
            replace_file(self.settings.map, routed)
        if routes != known_routes:
            replace_file(self.settings.books, routes)
            self._write_config(books)
        self._known = (routes, routed, books)

    def write_all(self, books: Books) -> None:
        """Every file anew, for a start."""
        self._known = ("", "", books)
        replace_file(self.settings.map, map_text(books.routed))
        replace_file(self.settings.none_page, haproxy_config.NONE_PAGE)
        replace_file(self.settings.certificate_list, self.certificate_list(books))
        self.write(books)
        self._write_config(books)

    def certificate_list(self, books: Books) -> str:
        """One line for each certificate; the first is the one that answers for unknown hosts."""
        folder = self.settings.certificates
        lines = [str(folder / "default.pem"), *(f"{folder / host}.pem {host}" for host in books.certificates)]
        return "".join(f"{line}\n" for line in lines)

    def write_certificate_list(self, books: Books) -> None:
        """The books are on disk, and the list of certificates that follows from them."""
        replace_file(self.settings.certificate_list, self.certificate_list(books))
        self.write(books)

    def mark(self, books: Books) -> str:
        """What the running proxy must say in its description to have been started with these settings."""
        return haproxy_config.fingerprint(self.settings, books, has_ipv6=has_ipv6())

    def _write_config(self, books: Books) -> None:
        text = haproxy_config.render(
            self.settings,
            books,
            connections=haproxy_config.connection_limit(resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
            mark=self.mark(books),
            user=unprivileged_user(),
            has_ipv6=has_ipv6(),
        )
        replace_file(self.settings.config, text)

    @asynccontextmanager
    async def locked(self, clock: Clock, *, bound_s: float = LOCK_BOUND_S) -> AsyncIterator[None]:
        """One change at a time for the proxy, over all processes; given back by the kernel when we die."""
        deadline = clock.monotonic_s() + bound_s
        with self._lock_file() as descriptor:
            while not _try_lock(descriptor):
                if clock.monotonic_s() > deadline:
                    raise TimedOut(
                        "proxy.busy",
                        f"another process has held {self.settings.lock} for {bound_s:.0f} s",
                        thing="proxy",
                        hint="see who holds it with `fuser`",
                    )
                await clock.sleep(LOCK_POLL_S)
            yield

    @contextmanager
    def _lock_file(self) -> Iterator[int]:
        try:
            descriptor = os.open(self.settings.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            self.settings.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.settings.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def replace_file(path: Path, content: str) -> None:
    """The whole new content under that name, or the whole old one; for the owner only."""
    new = path.with_name(f".{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb", buffering=0) as file:
        file.write(content.encode())
    os.replace(new, path)


def unprivileged_user() -> str:
    """Whom the proxy becomes once it has bound its ports: only root can become somebody else."""
    if os.geteuid() != 0:
        return ""
    for name in (USER, "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    return ""


def has_ipv6() -> bool:
    """Whether the machine has any IPv6 address; binding to one fails where it has none."""
    try:
        return bool(Path("/proc/net/if_inet6").read_text().strip())
    except OSError:
        return False


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
