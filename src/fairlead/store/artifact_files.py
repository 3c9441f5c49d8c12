"""Bytes kept by content in files below the data directory, with their names in the database: ports.artifacts."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from fairlead.domain.errors import Failed, NotFound, TooLarge
from fairlead.domain.ids import TaskId
from fairlead.ports.clock import Clock
from fairlead.store import artifacts, packages, releases
from fairlead.store.database import Database
from fairlead.store.forced import force_names
from fairlead.store.incoming import Incoming

LARGEST_FILE_BYTES = 64 * 1024 * 1024
LARGEST_TASK_BYTES = 512 * 1024 * 1024


class StoreArtifacts:
    """Content first, then its row: a death between the two leaves a file that nobody names, never a name without."""

    def __init__(self, database: Database, folder: Path, clock: Clock) -> None:
        self._database = database
        self._folder = folder
        self._clock = clock

    async def put_blob(self, content: bytes) -> str:
        """As the port says."""
        return await self._database.run(lambda: self.keep(content, is_durable=True))

    async def blob(self, key: str) -> bytes:
        """As the port says."""
        return await self._database.run(lambda: self.content(key))

    async def open_blob(self, key: str) -> BinaryIO:
        """As the port says."""
        return await self._database.run(lambda: self.opened(key))

    async def let_go(self, key: str) -> None:
        """As the port says."""
        if not await self._database.read(lambda connection: self.is_named(connection, key)):
            await self._database.run(lambda: self.remove(key))

    async def attach(self, task: TaskId, name: str, content: bytes, *, kind: str) -> None:
        """As the port says."""

        def work() -> None:
            key = self.keep(content)
            with self._database.transaction() as connection:
                total = artifacts.size_of_task(connection, task, but=name) + len(content)
                if total > LARGEST_TASK_BYTES:
                    raise _too_large(name, total, LARGEST_TASK_BYTES)
                at = self._clock.now()
                artifacts.attach(connection, task, name, kind=kind, blob=key, size_bytes=len(content), at=at)

        await self._database.run(work)

    async def names(self, task: TaskId) -> Mapping[str, str]:
        """As the port says."""
        return await self._database.read(lambda connection: artifacts.names(connection, task))

    async def read(self, task: TaskId, name: str) -> bytes:
        """As the port says."""
        key = await self._database.read(lambda connection: artifacts.blob_of(connection, task, name))
        if key is None:
            raise _unknown(name)
        return await self.blob(key)

    def keep(self, content: bytes, *, is_durable: bool = False) -> str:
        """The key of the bytes, which are on disk and in the books; synchronous, for use cases. `is_durable`: they are
        found there after a loss of power, too, whatever database on another machine names them."""
        if len(content) > LARGEST_FILE_BYTES:
            raise _too_large("a file", len(content), LARGEST_FILE_BYTES)
        path = self._path(_key_of(content))
        self._write(path, content)  # before the transaction: it is short
        if is_durable:
            _force(path)
        with self._database.transaction() as connection:
            return self.keep_within(connection, content)

    def keep_within(self, connection: sa.Connection, content: bytes) -> str:
        """As `keep`, in the caller's transaction: where that is taken back, bytes without a row are left."""
        key = _key_of(content)
        self._write(self._path(key), content)
        artifacts.insert_blob(connection, key, len(content), self._clock.now())
        return key

    def receive(self) -> Incoming:
        """Where bytes of any size are put as they come; `take` keeps them."""
        return Incoming(self._folder / "incoming", self._clock.now())

    def take(self, arrived: Incoming) -> str:
        """As `keep`, of what came piece by piece."""
        arrived.put(self._path(arrived.key))
        with self._database.transaction() as connection:
            artifacts.insert_blob(connection, arrived.key, arrived.size_bytes, self._clock.now())
        return arrived.key

    def content(self, key: str) -> bytes:
        """The bytes; NotFound `artifact.unknown`; synchronous, for use cases."""
        with self.opened(key) as file:
            return file.read()

    def opened(self, key: str) -> BinaryIO:
        """The bytes as a file to read, whatever their size; who asked closes it. As `content`."""
        try:
            return self._path(key).open("rb")
        except FileNotFoundError as error:
            raise _unknown(key) from error

    def is_named(self, connection: sa.Connection, key: str) -> bool:
        """Whether a package, a task or a release names these bytes: one query, one row, however many there are."""
        named = (packages.naming_blob(key), artifacts.naming_blob(key), releases.naming_blob(key))
        return bool(connection.execute(sa.select(sa.or_(*named))).scalar_one())

    def remove(self, key: str) -> None:
        """The bytes are gone, and so is their row; gone is fine."""
        with self._database.transaction() as connection:
            artifacts.forget_blob(connection, key)
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return path_of(self._folder, key)

    def _write(self, path: Path, content: bytes) -> None:
        if path.exists():
            return
        temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise Failed("host.disk", f"bytes could not be written: {error.strerror}", thing=str(path)) from error


def _force(path: Path) -> None:
    try:
        force_names(path.parent, path.parent.parent)
    except OSError as error:
        raise Failed("host.disk", f"bytes could not be written: {error.strerror}", thing=str(path)) from error


def path_of(folder: Path, key: str) -> Path:
    """Where the bytes of that key lie; NotFound `artifact.unknown` for what is no key."""
    kind, _, digest = key.partition(":")
    if kind != "sha256" or len(digest) != 64 or not all(letter in "0123456789abcdef" for letter in digest):
        raise _unknown(key)
    return folder / digest[:2] / digest


def _key_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _unknown(name: str) -> NotFound:
    return NotFound("artifact.unknown", f"there is no artifact {name[:100]!r}", thing=name[:100])


def _too_large(what: str, size_bytes: int, limit_bytes: int) -> TooLarge:
    mebibytes = limit_bytes // (1024 * 1024)
    return TooLarge(
        "input.too_large", f"{what[:100]} makes {size_bytes} bytes, at most {mebibytes} MiB are kept", thing=what[:100]
    )
