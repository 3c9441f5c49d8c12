"""What goes to a host as one tar. One with a package in it is made on the disk here: no package is whole in memory."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO, TypeVar

from fairlead.domain.errors import Failed
from fairlead.domain.package import PackageFile
from fairlead.formats.package_files import Each, Unpacked, limit_of, unpack
from fairlead.ports.step import Tools

Made = TypeVar("Made")
OLD_S = 86_400.0
"""No package takes a day to go to a host."""


@asynccontextmanager
async def packed(
    tools: Tools, key: str, package: PackageFile, write: Callable[[tarfile.TarFile, Callable[[Each], Unpacked]], Made]
) -> AsyncIterator[tuple[Path, Made]]:
    """The tar that `write` made, and what it said, while the block lasts. `write` gets the open tar, and what unpacks
    the package (`formats.package_files.unpack`); it runs in a thread. `key` is the effect's. Each has a file of its
    own: an owner that woke up too late takes nothing from the one who came after it."""
    content = await tools.artifacts.open_blob(package.blob)
    start = f"{tools.task}-{hashlib.sha256(key.encode()).hexdigest()[:12]}-"

    def made(path: Path) -> Made:
        limit = limit_of(content)
        with _OnDisk(path) as disk, tarfile.open(fileobj=disk, mode="w", format=tarfile.PAX_FORMAT) as archive:  # type: ignore[call-overload]
            return write(archive, lambda each: unpack(str(package), package.ending, content, each, limit_bytes=limit))

    with content:
        path = await asyncio.to_thread(_new_file, Path(tools.workspace), start)
        try:
            yield path, await asyncio.to_thread(made, path)
        finally:
            path.unlink(missing_ok=True)


def _new_file(folder: Path, start: str) -> Path:
    """An empty file in the folder; what servers left there that were killed goes, once it is a day old."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file, name = tempfile.mkstemp(dir=folder, prefix=start, suffix=".tar")
        os.close(file)
    except OSError as error:
        raise _not_written(folder, error) from error
    made = Path(name)
    now = made.stat().st_mtime
    for old in folder.glob("*.tar"):
        with suppress(OSError):
            if now - old.stat().st_mtime > OLD_S:
                old.unlink()
    return made


def in_memory(contents: Mapping[str, tuple[bytes, int]]) -> bytes:
    """A tar of small files: path → content and mode."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, (content, mode) in contents.items():
            add(archive, path, content, mode)
    return stream.getvalue()


def add(archive: tarfile.TarFile, path: str, content: bytes, mode: int) -> None:
    """A file at hand."""
    add_file(archive, path, len(content), io.BytesIO(content), mode)


def add_file(archive: tarfile.TarFile, path: str, size_bytes: int, file: IO[bytes], mode: int) -> None:
    """A file that is read as it is written."""
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = size_bytes, mode
    archive.addfile(entry, file)


class _OnDisk:
    """A file to write to; what the disk refuses is said of it, and not of the package that is read meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = 0

    def __enter__(self) -> _OnDisk:
        self._file = self._asked(lambda: self._path.open("wb"))
        return self

    def __exit__(self, *_: object) -> None:
        self._asked(self._file.close)

    def write(self, part: bytes) -> int:
        self._written += len(part)
        return self._asked(lambda: self._file.write(part))

    def tell(self) -> int:
        return self._written

    def _asked(self, verb: Callable[[], Made]) -> Made:
        try:
            return verb()
        except OSError as error:
            raise _not_written(self._path, error) from error


def _not_written(path: Path, error: OSError) -> Failed:
    return Failed("host.disk", f"what goes to the host could not be written here: {error.strerror}", thing=str(path))
