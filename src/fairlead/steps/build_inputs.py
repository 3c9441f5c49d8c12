"""What an image is made from, as one hash: two builds with the same inputs are one build (law 3)."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from fairlead.domain.errors import Failed, Invalid
from fairlead.domain.record import fingerprint
from fairlead.domain.service import Build
from fairlead.domain.text import secrets_in
from fairlead.formats.dockerignore import Ignore, ignore_of, is_beside
from fairlead.steps.workspace import inside, read_file

CHUNK_BYTES = 1024 * 1024
HASH_LENGTH = 32


def context_of(root: Path, build: Build) -> tuple[Path, str]:
    """The build's context directory and the Dockerfile's path from it, which may lie beside it in the repository;
    `image.build` where they are not there."""
    try:
        context = inside(root, build.context)
        dockerfile = inside(root, build.dockerfile)
    except Invalid as error:
        raise Failed("image.build", error.message, thing=error.thing, hint=error.hint) from error
    if not context.is_dir():
        raise Failed("image.build", f"there is no directory {build.context} in the repository", thing=build.context)
    if not dockerfile.is_file():
        raise Failed(
            "image.build",
            f"there is no {build.dockerfile} in the repository",
            thing=build.dockerfile,
            hint="`build: dockerfile:` names it, from the repository's root",
        )
    return context, os.path.relpath(dockerfile, context)


def dockerfile_text(root: Path, build: Build) -> str:
    """The Dockerfile."""
    return read_file(root, build.dockerfile).decode("utf-8", "replace")


def inputs_hash(context: Path, dockerfile: str, build: Build, bases: Mapping[str, str]) -> str:
    """The hash of all that can change the image: files, Dockerfile, target, arguments, labels, secrets by version, and
    what the base images are now (`bases`: as written → id). Times and owners do not count."""
    return fingerprint(
        [
            "1",
            dockerfile,
            build.target,
            dict(build.arguments),
            dict(build.labels),
            {name: [reference.id for reference in secrets_in(text)] for name, text in build.secrets.items()},
            dict(bases),
            _content_hash(context, dockerfile),
        ]
    )[:HASH_LENGTH]


def _content_hash(context: Path, dockerfile: str) -> str:
    total = hashlib.sha256()
    if is_beside(dockerfile):
        total.update(f"dockerfile {_file_hash(context / dockerfile)}\0".encode())
    for path, status in kept_files(context, dockerfile):
        mode = "x" if status.st_mode & stat.S_IXUSR else "-"
        if stat.S_ISLNK(status.st_mode):
            line = f"link {path}\0{os.readlink(context / path)}\0"
        else:
            line = f"file {mode} {path}\0{_file_hash(context / path)}\0"
        total.update(line.encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def kept_files(context: Path, dockerfile: str) -> Iterator[tuple[str, os.stat_result]]:
    """The files and links that reach the engine, sorted; Git keeps no empty directories, so they do not count."""
    return _kept(context, "", ignore_of(context, dockerfile))


def _kept(root: Path, folder: str, ignore: Ignore) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(root / folder) as listing:
        found = sorted(listing, key=lambda entry: entry.name)
    for entry in found:
        path = f"{folder}/{entry.name}" if folder else entry.name
        is_out = ignore.leaves_out(path)
        if entry.is_dir(follow_symlinks=False):
            if not is_out or ignore.may_keep_below(path):
                yield from _kept(root, path, ignore)
            continue
        status = entry.stat(follow_symlinks=False)
        if not is_out and (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
            yield path, status


def _file_hash(path: Path) -> str:
    total = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            total.update(chunk)
    return total.hexdigest()
