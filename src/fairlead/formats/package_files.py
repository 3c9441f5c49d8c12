"""The files in a package, one after the other: none of them whole in memory, bounded, and never to a place outside of
where it is unpacked.

A path that is absolute, leads upwards or names a drive ("zip slip") refuses the whole package. Links and devices are
left out: none of them could be followed where it is unpacked without leading out of it.
"""

from __future__ import annotations

import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, BinaryIO, TypeAlias

from fairlead.domain.errors import Invalid, TooLarge

MOST_FILES = 50_000
MOST_TIMES, LEAST_LIMIT_BYTES = 10, 256 * 1024**2
"""A package unpacks to so many times its size at most, and to so much in any case: more is a bomb, or nearly one."""
_ZIPS = (".zip", ".nupkg", ".jar", ".war", ".ear")
_LINK_MODE, _KIND_MODE = 0o120000, 0o170000

Each: TypeAlias = Callable[[str, int, IO[bytes]], None]
"""What is done with a file of a package: its path, its size in bytes, and its bytes, which are to be read at once."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The paths of its files; `left_out` are those of links and devices."""

    files: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def limit_of(content: BinaryIO) -> int:
    """To how many bytes this package may unpack."""
    size = content.seek(0, io.SEEK_END)
    content.seek(0)
    return max(LEAST_LIMIT_BYTES, MOST_TIMES * size)


def unpack(name: str, ending: str, content: BinaryIO, each: Each, *, limit_bytes: int) -> Unpacked:
    """Calls `each` for every file, in the package's order. `name` is what people call it. Invalid `package.content`
    where it cannot be read, `package.unsafe` where a path leads out; TooLarge over `limit_bytes` or `MOST_FILES`: what
    `each` had before has to be thrown away then. A `FairleadError` of `each` passes."""
    read = _zipped if ending in _ZIPS else _tarred
    files: list[str] = []
    left_out: list[str] = []
    size = 0
    try:
        for path, size_bytes, file in read(content):
            if file is None:
                left_out.append(path)
                continue
            size += size_bytes
            if size > limit_bytes:
                raise _too_large(name, f"over {limit_bytes:,} bytes")
            files.append(_safe(name, path))
            if len(files) > MOST_FILES:
                raise _too_large(name, f"over {MOST_FILES:,} files")
            with file:
                each(files[-1], size_bytes, file)
    except (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise Invalid("package.content", f"{name} cannot be unpacked: {error}"[:500], thing=name) from error
    return Unpacked(tuple(files), tuple(left_out))


_Entries: TypeAlias = Iterator[tuple[str, int, IO[bytes] | None]]


def _zipped(content: BinaryIO) -> _Entries:
    with zipfile.ZipFile(content) as archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            is_link = (entry.external_attr >> 16) & _KIND_MODE == _LINK_MODE
            yield entry.filename, entry.file_size, None if is_link else archive.open(entry)


def _tarred(content: BinaryIO) -> _Entries:
    with tarfile.open(fileobj=content, mode="r:*") as archive:
        for entry in archive:
            if not entry.isdir():
                yield entry.name, entry.size, archive.extractfile(entry) if entry.isreg() else None


def _safe(name: str, path: str) -> str:
    """The path below the place where it is unpacked."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    is_absolute = path.startswith(("/", "\\")) or (len(path) > 1 and path[1] == ":")
    if is_absolute or not parts or ".." in parts or not path.isprintable():
        raise Invalid(
            "package.unsafe",
            f"{name} holds {path[:120]!r}, which leads out of the folder that it is unpacked in",
            thing=name,
            hint="nothing of it was unpacked; make the package again with paths below its own folder",
        )
    return "/".join(parts)


def _too_large(name: str, what: str) -> TooLarge:
    return TooLarge("input.too_large", f"{name} unpacks to {what}", thing=name, hint="make the package smaller")
