"""A build context as the tar stream that the engine takes, put together while it is sent."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import tarfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from fairlead.domain.errors import Failed, FairleadError, Invalid
from fairlead.formats.dockerignore import IGNORE_FILE, Ignore, ignore_of, is_beside

CHUNK_BYTES = 256 * 1024
BLOCK = 512


class Context:
    """The directory of a build. Iterating gives the tar's bytes; what went wrong on the way is kept in `error`,
    because an HTTP client tells its caller only that the body broke off."""

    def __init__(self, root: str, dockerfile: str) -> None:
        self._root = Path(root)
        self._dockerfile = dockerfile
        self.error: FairleadError | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = gathered(archive(self._root, self._dockerfile))
        try:
            while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
                yield chunk
        except OSError as error:
            self.error = Failed(
                "image.build", f"the build context cannot be read: {error}", thing=str(error.filename or self._root)
            )
            raise
        except FairleadError as error:
            self.error = error
            raise


def checked_dockerfile(context: str, dockerfile: str) -> str:
    """The Dockerfile's path from the context, normalised; errors where it is absolute or not there."""
    name = os.path.normpath(dockerfile or "Dockerfile")
    if os.path.isabs(name):
        raise Invalid("input.invalid", f"the Dockerfile {dockerfile!r} is no path from the context", thing=dockerfile)
    if not os.path.isdir(context):
        raise Failed("image.build", f"there is no build context {Path(context).name}", thing=context)
    if not os.path.lexists(os.path.join(context, name)):
        raise Failed("image.build", f"there is no {name} in the build context", thing=name)
    return name


def archive(root: Path, dockerfile: str) -> Iterator[bytes]:
    """The tar, piece by piece. Owners are root's, as the engine's own CLI sends them; modes and times are kept."""
    ignore = ignore_of(root, dockerfile)
    for path, status in entries(root, ignore):
        if path != IGNORE_FILE or not is_beside(dockerfile):
            yield from _entry(root, path, status)
    if is_beside(dockerfile):
        yield from _from_beside(root, dockerfile)
    yield bytes(2 * BLOCK)


def sent_as(root: Path, dockerfile: str) -> str:
    """The Dockerfile's name in the tar: its path, or, where it lies beside the context, one that nobody has."""
    if not is_beside(dockerfile):
        return dockerfile
    return f".{hashlib.sha256((root / dockerfile).read_bytes()).hexdigest()[:32]}.dockerfile"


def _from_beside(root: Path, dockerfile: str) -> Iterator[bytes]:
    """The Dockerfile, and the lines by which the engine drops it before the build, so that no COPY brings it along."""
    name = sent_as(root, dockerfile)
    place = root / IGNORE_FILE
    own = place.read_bytes() if place.is_file() and not place.is_symlink() else IGNORE_FILE.encode()
    for path, content in ((IGNORE_FILE, own + f"\n{name}\n".encode()), (name, (root / dockerfile).read_bytes())):
        entry = tarfile.TarInfo(path)
        entry.size = len(content)
        yield _header(entry)
        yield content + bytes(-len(content) % BLOCK)


def entries(root: Path, ignore: Ignore) -> Iterator[tuple[str, os.stat_result]]:
    """What travels, sorted, directories before what is in them. Links are kept as links and never followed; sockets,
    pipes and devices stay behind. A directory that is left out is told all the same where an exception keeps
    something in it."""
    yield from _below(root, "", ignore)


def _below(root: Path, directory: str, ignore: Ignore) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(root / directory) as listing:
        found = sorted(listing, key=lambda entry: entry.name)
    for entry in found:
        path = f"{directory}/{entry.name}" if directory else entry.name
        status = entry.stat(follow_symlinks=False)
        is_out = ignore.leaves_out(path)
        if not stat.S_ISDIR(status.st_mode):
            if not is_out and (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
                yield path, status
            continue
        if is_out and not ignore.may_keep_below(path):
            continue
        inside = _below(root, path, ignore)
        first = next(inside, None)
        if first is None and is_out:
            continue
        yield path, status
        if first is not None:
            yield first
            yield from inside


def gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of a size that is worth a thread's turn."""
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) >= CHUNK_BYTES:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _entry(root: Path, path: str, status: os.stat_result) -> Iterator[bytes]:
    entry = tarfile.TarInfo(path)
    entry.mode = stat.S_IMODE(status.st_mode)
    entry.mtime = int(status.st_mtime)
    if stat.S_ISDIR(status.st_mode):
        entry.type = tarfile.DIRTYPE
        yield _header(entry)
    elif stat.S_ISLNK(status.st_mode):
        entry.type, entry.linkname = tarfile.SYMTYPE, os.readlink(root / path)
        yield _header(entry)
    else:
        entry.size = status.st_size
        yield _header(entry)
        yield from _content(root / path, entry.size)


def _header(entry: tarfile.TarInfo) -> bytes:
    return entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _content(path: Path, size: int) -> Iterator[bytes]:
    """Exactly `size` bytes and padding, also where the file grows or shrinks meanwhile."""
    left = size
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with open(descriptor, "rb") as file:
        while left and (chunk := file.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk
    yield bytes(left)
    yield bytes(-size % BLOCK)
