"""Bytes on their way in, whatever their size: written to a file of their own as they come, and hashed meanwhile."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from fairlead.domain.errors import Failed
from fairlead.store.forced import force_names

START_BYTES = 512
"""As much of the beginning as tells what kind of file it is."""
LEFT_OVER_S = 24 * 3600.0
"""A file that nobody has written to for so long is what a dead server left."""


class Incoming:
    """A file in `folder` from the first part on; gone at the end of the block, unless it was put somewhere. Blocking;
    one thread at a time."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self.size_bytes = 0
        self.start = b""
        self._hash = hashlib.sha256()
        self._folder, self._now = folder, now
        self._path = folder
        self._file: BinaryIO | None = None

    @property
    def key(self) -> str:
        """Of the bytes so far: ``sha256:…``."""
        return f"sha256:{self._hash.hexdigest()}"

    def write(self, part: bytes) -> None:
        """The next bytes. Failed `host.disk`."""
        with _said(self._path):
            self._opened().write(part)
        self._hash.update(part)
        self.size_bytes += len(part)
        if len(self.start) < START_BYTES:
            self.start += part[: START_BYTES - len(self.start)]

    def put(self, path: Path) -> None:
        """Keep it there: all of it is on the disk."""
        with _said(self._path):
            file = self._opened()
            file.flush()
            os.fsync(file.fileno())
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path.replace(path)
            force_names(path.parent, path.parent.parent)

    def __enter__(self) -> Incoming:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._file is None:
            return
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _tidy(self._folder, self._now.timestamp() - LEFT_OVER_S)
            descriptor, name = tempfile.mkstemp(dir=self._folder)
            self._path, self._file = Path(name), os.fdopen(descriptor, "wb")
        return self._file


class _said:
    """What the disk refuses, in words."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if isinstance(error, OSError):
            words = f"bytes could not be written: {error.strerror}"
            raise Failed("host.disk", words, thing=str(self._path)) from error


def _tidy(folder: Path, before_s: float) -> None:
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < before_s:
                path.unlink()
