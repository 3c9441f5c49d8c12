"""A run's own directory: where the commit's files are, and how they are read without following a link out of them."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from fairlead.domain.errors import Invalid, NotFound, TooLarge
from fairlead.ports.source import Repository, Source, Tree

TREE = "tree"
MARK = "commit"
WARNED = "warned"
FILE_LIMIT_BYTES = 16 * 1024**2
FILES_LIMIT_BYTES = 128 * 1024**2


def tree_of(workspace: str) -> Path:
    """Where the commit's files are."""
    return Path(workspace) / TREE


def project_root(workspace: str, folder: str) -> Path:
    """The folder of the commit that fairlead.yml lies in; every path of the project file is relative to it."""
    return inside(tree_of(workspace), folder)


async def prepare(source: Source, repository: Repository, commit: str, workspace: str) -> Tree:
    """The commit is checked out in the workspace; a mark beside it says that it is whole."""
    tree = await source.check_out(repository, commit, str(tree_of(workspace)))
    await asyncio.to_thread(_keep, workspace, commit, tree.warnings)
    return tree


async def warnings(workspace: str) -> tuple[str, ...]:
    """What the check-out warned of, for who finds it done."""
    return await asyncio.to_thread(_warned, workspace)


async def is_prepared(commit: str, workspace: str) -> bool:
    """Whether the whole commit is there."""
    return await asyncio.to_thread(_mark, workspace) == commit


async def remove(workspace: str) -> None:
    """Nothing of it is left; gone is fine."""
    await asyncio.to_thread(shutil.rmtree, workspace, ignore_errors=True)


def _keep(workspace: str, commit: str, warned: Iterable[str]) -> None:
    place = Path(workspace)
    (place / WARNED).write_text("\n".join(warned))
    (place / MARK).write_text(commit)


def _warned(workspace: str) -> tuple[str, ...]:
    try:
        return tuple((Path(workspace) / WARNED).read_text().splitlines())
    except OSError:
        return ()


def _mark(workspace: str) -> str:
    try:
        return (Path(workspace) / MARK).read_text()
    except OSError:
        return ""


def inside(root: Path, path: str) -> Path:
    """`path` below `root`, as it really is; Invalid `input.invalid` where it, or a link on its way, leads out."""
    found = (root / path).resolve()
    if not found.is_relative_to(root.resolve()):
        raise Invalid(
            "input.invalid",
            f"{path} leads out of the repository",
            thing=path,
            hint="name a path inside the repository that is no link out of it",
        )
    return found


def read_files(root: Path, paths: Iterable[str], *, limit_bytes: int = FILES_LIMIT_BYTES) -> Mapping[str, bytes]:
    """The named files below `root`, by path; a link is read where it stays inside.

    `NotFound("project_file.missing")` for one that is not there, `TooLarge` over the limit.
    """
    found: dict[str, bytes] = {}
    for path in paths:
        found[path] = read_file(root, path)
        if sum(map(len, found.values())) > limit_bytes:
            raise TooLarge("input.too_large", f"the release's files have more than {limit_bytes} bytes", thing=path)
    return found


def read_file(root: Path, path: str) -> bytes:
    """One file's content."""
    place = inside(root, path)
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise NotFound("project_file.missing", f"{path} is not in the repository", thing=path) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotFound("project_file.missing", f"{path} is not a file", thing=path)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(FILE_LIMIT_BYTES + 1)
    if len(content) > FILE_LIMIT_BYTES:
        raise TooLarge("input.too_large", f"{path} has more than {FILE_LIMIT_BYTES} bytes", thing=path)
    return content
