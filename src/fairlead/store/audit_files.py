"""Files of archived events, one for each day: written whole or not at all, and readable by the server's user alone."""

from __future__ import annotations

import filecmp
import hashlib
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path

from fairlead.domain.errors import Failed

NAME = re.compile(r"events-\d{4}-\d{2}-\d{2}(?:-\d+)?\.jsonl")


def write(path: Path, lines: Iterable[bytes]) -> str:
    """The file has these lines, on the disk; their SHA-256. One that is there with others, as after a restore, is kept
    beside it. Failed `audit.not_archived` where it cannot be written."""
    digest = hashlib.sha256()
    unfinished = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for line in lines:
                digest.update(line)
                file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if path.exists() and not filecmp.cmp(unfinished, path, shallow=False):
            path.replace(beside(path))
        unfinished.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise Failed(
            "audit.not_archived",
            f"{path} cannot be written: {error.strerror}",
            thing=str(path),
            hint="make room, or let the server write there; the events stay in the database until then",
        ) from error
    return digest.hexdigest()


def beside(path: Path) -> Path:
    """A name for what was there before a restore."""
    names = (path.with_name(f"{path.name}.before-restore-{number}") for number in count(1))
    return next(name for name in names if not name.exists())


def all_in(folder: Path) -> tuple[Path, ...]:
    """Those that are whole, by day."""
    return tuple(sorted(path for path in folder.glob("events-*.jsonl") if NAME.fullmatch(path.name)))


def first_line(path: Path) -> bytes:
    """The first line of the file; b"" where there is none."""
    try:
        with path.open("rb") as file:
            return file.readline()
    except (FileNotFoundError, NotADirectoryError):
        return b""
