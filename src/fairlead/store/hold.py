"""One server for each data directory, and for each installation on a machine: locks that end with the process, however
that ends."""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path

from fairlead.domain.errors import Refused

LOCK_NAME = "server.lock"
SOCKETS = Path("/proc/net/unix")
"""One in a line, which ends with its path, or with ``@`` and its name where it is abstract (unix(7))."""


class Hold:
    """The data directory is held while this is open. A context manager; made before the database is opened."""

    def __init__(self, data_dir: Path) -> None:
        self._claimed: socket.socket | None = None
        self._data_dir = data_dir
        path = data_dir / LOCK_NAME
        try:
            data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Refused(
                "server.state",
                f"the data directory cannot be used: {error.strerror}",
                thing=str(data_dir),
                hint="give a directory that this user may write to (data_dir)",
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._file, 20).decode(errors="replace").strip()
            os.close(self._file)
            raise Refused(
                "server.second",
                "another server holds this data directory" + (f" (process {holder})" if holder else ""),
                thing=str(data_dir),
                hint="stop it first (fairlead-server down), or give this one a data directory of its own",
            ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def claim(self, installation: str) -> None:
        """No other server of the installation runs on this machine on another data directory: one on a copy of its
        books (a restored backup) would end what this one started, since all that carries the installation's label is
        its own. Refused `server.second` where one does."""
        prefix, here = f"fairlead/{installation}/", self._data_dir.stat()
        ours = f"{prefix}{here.st_dev:x}.{here.st_ino:x}"
        self._claimed = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with suppress(OSError):  # taken: by who lost this directory, and sleeps or ends
            self._claimed.bind(f"\0{ours}")  # abstract: no file, and gone with the process
        names = (line.rpartition(" @")[2] for line in SOCKETS.read_text(errors="replace").splitlines() if " @" in line)
        if any(name.startswith(prefix) and name != ours for name in names):
            self._claimed.close()
            raise Refused(
                "server.second",
                "another server of this installation runs on this machine, on another data directory: each would end "
                "the other's containers",
                thing=installation,
                hint="end that one first (fairlead-server down); to practise a restore take another machine",
            )

    def release(self) -> None:
        """Others may hold it; twice is fine."""
        if self._claimed is not None:
            self._claimed.close()
            self._claimed = None
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Hold:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def holder_of(path: Path) -> int | None:
    """The process that holds the lock file; None where nobody does."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        told = os.read(file, 20).decode(errors="replace").strip()
        return int(told) if told.isdigit() else None
    finally:
        os.close(file)
    return None
