"""The files in a package: unpacked in memory, bounded, and never to a place outside of where it is unpacked.

A path that is absolute, leads upwards or names a drive ("zip slip") refuses the whole package. Links and devices are
left out: none of them could be followed where it is unpacked without leading out of it.
"""

from __future__ import annotations

import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from fairlead.domain.errors import Invalid, TooLarge

MOST_FILES = 10_000
_ZIPS = (".zip", ".nupkg", ".jar", ".war", ".ear")
_LINK_MODE, _KIND_MODE = 0o120000, 0o170000
_PART_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Path → bytes; `left_out` are paths of links and devices."""

    files: dict[str, bytes] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def unpacked(name: str, ending: str, content: bytes, *, limit_bytes: int) -> Unpacked:
    """All of its files. `name` is what people call it. Invalid `package.content` where it cannot be read,
    `package.unsafe` where a path leads out; TooLarge over `limit_bytes` or `MOST_FILES`."""
    read = _zipped if ending in _ZIPS else _tarred
    files: dict[str, bytes] = {}
    left_out: list[str] = []
    size = 0
    try:
        for path, chunks in read(content):
            if chunks is None:
                left_out.append(path)
                continue
            parts = []
            for chunk in chunks:
                size += len(chunk)
                if size > limit_bytes:
                    raise _too_large(name, f"over {limit_bytes:,} bytes")
                parts.append(chunk)
            files[_safe(name, path)] = b"".join(parts)
            if len(files) > MOST_FILES:
                raise _too_large(name, f"over {MOST_FILES:,} files")
    except (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise Invalid("package.content", f"{name} cannot be unpacked: {error}"[:500], thing=name) from error
    return Unpacked(files, tuple(left_out))


def _zipped(content: bytes) -> Iterator[tuple[str, Iterator[bytes] | None]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            is_link = (entry.external_attr >> 16) & _KIND_MODE == _LINK_MODE
            yield entry.filename, None if is_link else _of_zip(archive, entry)


def _of_zip(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(entry) as file:
        while part := file.read(_PART_BYTES):
            yield part


def _tarred(content: bytes) -> Iterator[tuple[str, Iterator[bytes] | None]]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:*") as archive:
        for entry in archive:
            if not entry.isdir():
                yield entry.name, _of_tar(archive, entry) if entry.isreg() else None


def _of_tar(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> Iterator[bytes]:
    file = archive.extractfile(entry)
    if file is not None:
        with file:
            while part := file.read(_PART_BYTES):
                yield part


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
