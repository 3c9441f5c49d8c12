"""A file that is read and overwritten again and again, and kept open in between."""

from __future__ import annotations

import os
from pathlib import Path


class KeptOpen:
    """The file that stands at `path`, opened once, and anew when another has taken its name.

    Opening costs more than reading a page, and most where nobody did it for a while. As long as a file is held open no
    other gets its inode: so inode and device tell them apart.
    """

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._file = -1
        self._may_write = False
        self._held = (0, 0)

    def content(self) -> bytes:
        """All of it, as it is now; FileNotFoundError where there is none."""
        found = os.stat(self._path)
        if (found.st_ino, found.st_dev) != self._held:
            self._open()
            found = os.fstat(self._file)
        content = os.pread(self._file, found.st_size + 1, 0)
        while len(content) != found.st_size:  # somebody writes it
            found = os.fstat(self._file)
            content = os.pread(self._file, found.st_size + 1, 0)
        return content

    def overwrite(self, content: bytes) -> None:
        """As many bytes as it had, in the place of those that `content` gave last; OSError where they may not be."""
        if not self._may_write:
            self._hold(os.open(self._path, os.O_RDWR | os.O_CLOEXEC), may_write=True)
        os.pwrite(self._file, content, 0)

    def _open(self) -> None:
        try:
            self._hold(os.open(self._path, os.O_RDWR | os.O_CLOEXEC), may_write=True)
        except OSError:  # of a file system that is mounted read-only, say: it can still be looked at
            self._hold(os.open(self._path, os.O_RDONLY | os.O_CLOEXEC), may_write=False)

    def _hold(self, file: int, *, may_write: bool) -> None:
        self.close()
        found = os.fstat(file)
        self._file, self._may_write, self._held = file, may_write, (found.st_ino, found.st_dev)

    def close(self) -> None:
        """Held no more; the next reading opens it."""
        if self._file >= 0:
            os.close(self._file)
            self._file, self._may_write, self._held = -1, False, (0, 0)

    __del__ = close
