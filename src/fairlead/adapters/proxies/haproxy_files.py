"""The files that HAProxy starts from, written before the running proxy is changed, and the lock on all of it."""

from __future__ import annotations

import os
import pwd
import resource
from contextlib import suppress
from pathlib import Path

from fairlead.adapters.proxies import haproxy_config
from fairlead.adapters.proxies.haproxy_books import Books, books_text, map_text, parse_books
from fairlead.adapters.proxies.haproxy_lock import BOUND_S, ProxyLock, ProxyLocks
from fairlead.adapters.proxies.haproxy_settings import HaproxySettings
from fairlead.adapters.proxies.kept_open import KeptOpen
from fairlead.domain.errors import Failed
from fairlead.ports.clock import Clock

USER = "haproxy"
PAGE_BYTES = 4096


class HaproxyFiles:
    """Reads and writes the books, the map and the configuration of one proxy.

    Writing is atomic for each file and comes **before** the running proxy is told, so that a death in between is seen
    by reading the proxy back. Writing does not wait for the disk: after a loss of power a file holds the old or the new
    content, until `make_durable` (docs/decisions/0003-the-proxys-files.md).
    """

    def __init__(self, settings: HaproxySettings) -> None:
        self.settings = settings
        self._books_path = str(settings.books)
        self._map, self._locks = KeptOpen(settings.map), ProxyLocks(settings.lock)
        self._seen: tuple[int, int, int] = (0, 0, 0)
        self._known: tuple[bytes, bytes, Books] = (b"", b"", Books(settings.backends, settings.servers))

    def read(self) -> Books:
        """What is on disk now; another process may have written it."""
        known_routes, known_routed, books = self._known
        try:
            seen = _sight(self._books_path)  # it is only ever replaced, by a file of another inode
            routes = known_routes if seen == self._seen else self.settings.books.read_bytes()
            routed = self._map.content()
        except FileNotFoundError:
            return Books(self.settings.backends, self.settings.servers)
        if (routes, routed) != (known_routes, known_routed):
            try:
                books = parse_books(routes.decode(), routed.decode())
            except (ValueError, KeyError, TypeError) as error:
                raise Failed(
                    "proxy.failed", f"{self.settings.books} cannot be read: {error}", thing=str(self.settings.books)
                ) from error
            self._known = (routes, routed, books)
        self._seen = seen
        return books

    def glance(self) -> Books:
        """As `read`, for who does not hold the lock and needs no more than who claims which backend; cheaper."""
        try:
            is_known = _sight(self._books_path) == self._seen
        except FileNotFoundError:
            is_known = False
        return self._known[2] if is_known else self.read()

    def write(self, books: Books) -> None:
        """The books are on disk, and the configuration that follows from them; as before where one cannot be written:
        Failed `host.disk`."""
        routes, routed, known = self._known
        try:
            if not books.has_same_claims(known):
                routes = books_text(books).encode()
                replace_file(self.settings.books, routes)
                self._write_config(books)
            if books.routed != known.routed:
                routed = self._write_map(routed, map_text(books.routed).encode())
        except OSError as error:
            self._put_back()
            raise not_written(self.settings.directory, error) from error
        self._known = (routes, routed, books)

    def _put_back(self) -> None:
        """What was replaced already is as it was; where even that fails, the next `read` sees what is there."""
        routes, _, known = self._known
        with suppress(OSError):
            if routes and self.settings.books.read_bytes() != routes:
                replace_file(self.settings.books, routes)
                self._write_config(known)

    def write_all(self, books: Books) -> None:
        """Every file anew, for a start. Failed `host.disk` where one cannot be written; each is whole, old or new."""
        routes, routed = books_text(books).encode(), map_text(books.routed).encode()
        try:
            self._replace_map(routed)
            replace_file(self.settings.books, routes)
            replace_file(self.settings.none_page, haproxy_config.NONE_PAGE.encode())
            replace_file(self.settings.certificate_list, self.certificate_list(books).encode())
            self._write_config(books)
        except OSError as error:
            raise not_written(self.settings.directory, error) from error
        self._known = (routes, routed, books)

    def make_durable(self) -> None:
        """What is written outlives a loss of power: each file, and the names that they were put under."""
        settings = self.settings
        for path in (settings.map, settings.books, settings.config, settings.certificate_list, settings.directory):
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def certificate_list(self, books: Books) -> str:
        """One line for each certificate; the first is the one that answers for unknown hosts."""
        folder = self.settings.certificates
        lines = [str(folder / "default.pem"), *(f"{folder / host}.pem {host}" for host in books.certificates)]
        return "".join(f"{line}\n" for line in lines)

    def write_certificate_list(self, books: Books) -> None:
        """The books are on disk, and the list of certificates that follows from them."""
        try:
            replace_file(self.settings.certificate_list, self.certificate_list(books).encode())
        except OSError as error:
            raise not_written(self.settings.directory, error) from error
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
        replace_file(self.settings.config, text.encode())

    def _write_map(self, old: bytes, new: bytes) -> bytes:
        """A switch alone changes some bytes within one page: they are written in place.

        A rename over an existing file costs a millisecond on ext4 (it starts to write the data out, see `auto_da_alloc`
        in ext4(5)): more than the whole switch. Within one page a killed writer has written all or nothing.
        """
        if len(old) != len(new) or len(new) > PAGE_BYTES:
            self._replace_map(new)
        else:
            self._map.overwrite(new)
        return new

    def _replace_map(self, new: bytes) -> None:
        replace_file(self.settings.map, new)
        self._map.close()  # it is another file now

    def locked(self, clock: Clock, *, bound_s: float = BOUND_S) -> ProxyLock:
        """One change at a time for the proxy, over all tasks and processes."""
        return self._locks.lock(clock, bound_s=bound_s)


def _sight(path: str) -> tuple[int, int, int]:
    """What tells a file from the one that was there before."""
    found = os.stat(path)
    return found.st_ino, found.st_mtime_ns, found.st_size


def replace_file(path: Path, content: bytes) -> None:
    """The whole new content under that name, or the whole old one; for the owner only."""
    new = path.with_name(f".{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:  # buffered: all of it is written, or an error says so
            file.write(content)
        os.replace(new, path)
    except OSError:
        new.unlink(missing_ok=True)  # a piece of a file takes room on a disk that has none
        raise


def not_written(directory: Path, error: OSError) -> Failed:
    """The error for a file below it that could not be written."""
    return Failed(
        "host.disk",
        f"the proxy's files in {directory} could not be written: {error.strerror or error}",
        thing=str(directory),
        hint="free space there; what was there before is unchanged",
    )


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
