"""The repository's files as the readers see them, and paths in it that can never lead out of it."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

Files: TypeAlias = Mapping[str, bytes]
"""Contents by path: relative to the repository's root, ``/`` between parts. Iterating it lists them."""

READ_LIMIT = 4_194_304
"""Bytes of one file that a project may use (config, env_file, Dockerfile): they travel in each release."""


@runtime_checkable
class KnowsLinks(Protocol):
    """Files that can tell a symbolic link that leads out of the repository."""

    def leaves(self, path: str) -> bool:
        """Whether the path, or a directory on its way, is a link that ends outside."""
        ...


@runtime_checkable
class KnowsFolders(Protocol):
    """Files that can list one folder without looking at all others."""

    def below(self, directory: str) -> tuple[str, ...]:
        """The paths of all files below the directory, sorted."""
        ...


@runtime_checkable
class KnowsRest(Protocol):
    """Files that can tell what else lies in a folder."""

    def rest(self, directory: str) -> tuple[str, ...]:
        """What lies below the directory and is no file that can be used, sorted."""
        ...


class Directory(Mapping[str, bytes]):
    """The files below a directory on disk, read when asked for; the one part of this room that sees a disk.

    Links are followed where they end inside. A path that leads outside, a device or a file over `READ_LIMIT` is as if
    it were not there; `leaves` tells the first case apart. `.git` is never seen.
    """

    def __init__(self, root: str | Path) -> None:
        self._root = Path(root).resolve()

    def __getitem__(self, path: str) -> bytes:
        real = self._real(path)
        if real is None:
            raise KeyError(path)
        try:
            return real.read_bytes()
        except OSError as error:
            raise KeyError(path) from error

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._real(path) is not None

    def __iter__(self) -> Iterator[str]:
        yield from self._walk(self._root)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def leaves(self, path: str) -> bool:
        """Whether a link on the way leads outside."""
        try:
            return not (self._root / path).resolve().is_relative_to(self._root)
        except (OSError, ValueError, RuntimeError):
            return True

    def below(self, directory: str) -> tuple[str, ...]:
        """Only that folder is walked; a link to a folder is not one."""
        folder = self._root / directory
        inside = clean(directory) == directory and not self.leaves(directory) and not folder.is_symlink()
        return tuple(sorted(self._walk(folder))) if inside else ()

    def rest(self, directory: str) -> tuple[str, ...]:
        """Links that lead outside or to a folder, devices, and files over `READ_LIMIT`."""
        folder = self._root / directory
        inside = clean(directory) == directory and not self.leaves(directory)
        return tuple(sorted(path for path in self._entries(folder) if path not in self)) if inside else ()

    def _walk(self, folder: Path) -> Iterator[str]:
        yield from (path for path in self._entries(folder) if path in self)

    def _entries(self, folder: Path) -> Iterator[str]:
        for directory, below, names in os.walk(folder):
            links = [name for name in below if Path(directory, name).is_symlink()]
            below[:] = sorted(name for name in below if name != ".git")
            for name in sorted((*names, *links)):
                yield Path(directory, name).relative_to(self._root).as_posix()

    def _real(self, path: str) -> Path | None:
        if not path or path != clean(path) or path.split("/")[0] == ".git" or self.leaves(path):
            return None
        try:
            real = (self._root / path).resolve()
            found = real.stat()
        except (OSError, ValueError, RuntimeError):
            return None
        return real if stat.S_ISREG(found.st_mode) and found.st_size <= READ_LIMIT else None


class Overlaid(Mapping[str, bytes]):
    """Files with some added or replaced, without reading the others."""

    def __init__(self, files: Files, added: Mapping[str, bytes]) -> None:
        self._files, self._added = files, added

    def __getitem__(self, path: str) -> bytes:
        return self._added[path] if path in self._added else self._files[path]

    def __contains__(self, path: object) -> bool:
        return path in self._added or path in self._files

    def __iter__(self) -> Iterator[str]:
        yield from self._added
        yield from (path for path in self._files if path not in self._added)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def below(self, directory: str) -> tuple[str, ...]:
        """Of both."""
        return tuple(sorted({*below(self._files, directory), *below(self._added, directory)}))

    def rest(self, directory: str) -> tuple[str, ...]:
        """As the files below say."""
        return tuple(path for path in rest_of(self._files, directory) if path not in self._added)

    def leaves(self, path: str) -> bool:
        """As the files below say."""
        return path not in self._added and leads_out(self._files, path)


def clean(path: str, base: str = "") -> str | None:
    """`path` as seen from the directory `base`, relative to the root ("." for the root); None where it leads out."""
    if path.startswith("/") or "\0" in path or "\\" in path or any(ord(letter) < 32 for letter in path):
        return None
    joined = posixpath.normpath(posixpath.join(base, path))
    return None if joined == ".." or joined.startswith(("../", "/")) else joined


def below(files: Files, directory: str) -> tuple[str, ...]:
    """The paths of all files below the directory, sorted."""
    if isinstance(files, KnowsFolders):
        return files.below(directory)
    prefix = "" if directory == "." else f"{directory}/"
    return tuple(sorted(path for path in files if path.startswith(prefix)))


def rest_of(files: Files, directory: str) -> tuple[str, ...]:
    """What lies below the directory and is no file that can be used."""
    return files.rest(directory) if isinstance(files, KnowsRest) else ()


def leads_out(files: Files, path: str) -> bool:
    """Whether the path goes over a link that leaves the repository."""
    return isinstance(files, KnowsLinks) and files.leaves(path)
