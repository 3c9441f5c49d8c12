"""Files into and out of a container, as the tar archives that the engine takes and gives."""

from __future__ import annotations

import asyncio
import io
import posixpath
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from typing import IO

from fairlead.adapters.engines.docker.client import EngineClient, part
from fairlead.adapters.engines.docker.errors import EngineSaidNo, told
from fairlead.adapters.engines.docker.spec import file_volumes, is_below
from fairlead.domain.errors import NotFound, TooLarge
from fairlead.ports.container_engine import ContainerSpec, FileContent

IMPLIED_DIRECTORY_MODE = 0o755
FILES_LIMIT = 10_000  # JUnit reports come in tens; more is a whole tree by mistake
SPOOL_BYTES = 1024 * 1024
BLOCK = 512


async def put_files(client: EngineClient, container_id: str, spec: ContainerSpec) -> None:
    """The spec's files are in the container, whole; putting them twice is once."""
    volumes = sorted(file_volumes(spec), key=len, reverse=True)
    groups: dict[str, list[FileContent]] = {}
    for file in spec.files:
        inside = [volume for volume in volumes if is_below(posixpath.dirname(file.path), volume)]
        groups.setdefault(inside[0] if inside else "/", []).append(file)
    for root, files in groups.items():
        missing = await _missing_directories(client, container_id, root, files)
        await _put(client, container_id, root, archive_of(root, files, missing), spec.name)


def archive_of(root: str, files: Iterable[FileContent], directories: Iterable[str]) -> bytes:
    """A tar of the files, named relative to `root`, after the directories that are to be made."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for directory in directories:
            entry = tarfile.TarInfo(posixpath.relpath(directory, root))
            entry.type, entry.mode = tarfile.DIRTYPE, IMPLIED_DIRECTORY_MODE
            tar.addfile(entry)
        for file in files:
            entry = tarfile.TarInfo(posixpath.relpath(file.path, root))
            entry.size, entry.mode, entry.uid, entry.gid = len(file.content), file.mode, file.uid, file.gid
            tar.addfile(entry, io.BytesIO(file.content))
    return packed.getvalue()


async def _missing_directories(
    client: EngineClient, container_id: str, root: str, files: Iterable[FileContent]
) -> list[str]:
    """Directories above the files, below `root`, that the container has not, outermost first.

    They are made by us because the engine would make them world-writable; those that are there keep their mode.
    """
    missing: set[str] = set()
    for directory in {posixpath.dirname(file.path) for file in files}:
        while directory != root and directory not in missing and not await _is_there(client, container_id, directory):
            missing.add(directory)
            directory = posixpath.dirname(directory)
    return sorted(missing)


async def _is_there(client: EngineClient, container_id: str, path: str) -> bool:
    try:
        async with client.stream("HEAD", f"/containers/{container_id}/archive", params={"path": path}):
            return True
    except EngineSaidNo as refusal:
        if refusal.status == 404:
            return False
        raise


async def _put(client: EngineClient, container_id: str, root: str, archive: bytes, name: str) -> None:
    params = {"path": root, "noOverwriteDirNonDir": True}
    headers = {"Content-Type": "application/x-tar"}
    path = f"/containers/{container_id}/archive"
    try:
        async with client.stream("PUT", path, params=params, data=archive, headers=headers, thing=name):
            pass
    except EngineSaidNo as refusal:
        raise told(refusal, "putting files into the container") from refusal


async def copy_out(client: EngineClient, name: str, path: str, *, limit_bytes: int) -> Mapping[str, bytes]:
    """Regular files below `path` by relative name; {} where the path is not there."""
    with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as spool:
        try:
            await _spool_archive(client, name, path, spool, limit_bytes)
        except EngineSaidNo as refusal:
            error = told(refusal, f"copying {path} out of")
            if refusal.status == 404 and not isinstance(error, NotFound):
                return {}
            raise error from refusal
        spool.seek(0)
        return await asyncio.to_thread(_unpack, spool, path, limit_bytes)


async def _spool_archive(client: EngineClient, name: str, path: str, spool: IO[bytes], limit_bytes: int) -> None:
    most = limit_bytes + FILES_LIMIT * 4 * BLOCK  # headers and padding
    size = 0
    target = f"/containers/{part(name)}/archive"
    async with client.stream("GET", target, params={"path": path}, thing=name) as response:
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > most:
                raise _too_large(path, limit_bytes)
            spool.write(chunk)


def _unpack(spool: IO[bytes], path: str, limit_bytes: int) -> Mapping[str, bytes]:
    files: dict[str, bytes] = {}
    size = 0
    with tarfile.open(fileobj=spool, mode="r:") as tar:
        for entry in tar:
            content = tar.extractfile(entry) if entry.isreg() or entry.islnk() else None  # a hard link is a file, too
            if content is None:
                continue
            held = content.read(limit_bytes - size + 1)
            size += len(held)
            if size > limit_bytes or len(files) >= FILES_LIMIT:
                raise _too_large(path, limit_bytes)
            files[_relative(entry.name)] = held
    return files


def _relative(name: str) -> str:
    """Archives begin with the path's last part: ``results/a.xml`` is ``a.xml``, a file alone keeps its name."""
    parts = [piece for piece in name.split("/") if piece not in ("", ".", "..")]
    return "/".join(parts[1:] if len(parts) > 1 else parts)


def _too_large(path: str, limit_bytes: int) -> TooLarge:
    return TooLarge(
        "input.too_large",
        f"what lies below {path} is larger than {limit_bytes} bytes or more than {FILES_LIMIT} files",
        thing=path,
    )
