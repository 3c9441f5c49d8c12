"""What becomes of a Compose file's mounts in a proposed fairlead.yml: what is of the working copy cannot be bound."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from fairlead.formats.compose_model import VolumeMount
from fairlead.formats.files import Files

PLACEHOLDERS = frozenset({".gitkeep", ".gitignore", ".keep", "README.md"})
"""Files that only make Git keep a directory: what is there otherwise is written when the program runs."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The mounts that are proposed; `notes` say what was changed and why, `volumes` are new ones of the project."""

    mounts: Sequence[VolumeMount]
    notes: Sequence[str] = ()
    volumes: Sequence[str] = ()


def settled(mounts: Sequence[VolumeMount], files: Files, *, directory: str, is_built: bool) -> Settled:
    """Binds of the working copy are for development. What is built has the files in its image. An image of others has
    not: files of the repository travel with the release, read-only, and what it writes is kept in a volume.
    `directory` is the Compose file's."""
    said = _Said()
    kept = [one for mount in mounts if (one := _settled(mount, files, directory, is_built, said)) is not None]
    return Settled(kept, tuple(said.notes), tuple(said.volumes))


@dataclass(slots=True)
class _Said:
    notes: dict[str, None] = field(default_factory=dict)
    volumes: dict[str, None] = field(default_factory=dict)


def _settled(mount: VolumeMount, files: Files, directory: str, is_built: bool, said: _Said) -> VolumeMount | None:
    if mount.type != "bind" or mount.read_only or mount.source.startswith(("/", "~")) or "$" in mount.source:
        return mount
    if is_built:
        said.notes["Binds of the working copy are left out: the files are in the image."] = None
        return None
    path = posixpath.normpath(posixpath.join(directory, mount.source))
    if path.startswith(".."):
        return mount
    if _has_files(path, files):
        said.notes["Files of the repository are bound read-only: they travel with the release."] = None
        return mount.model_copy(update={"read_only": True})
    name = re.sub(r"[^a-z0-9_.-]+", "-", path.lower()).strip("-._") or "data"
    said.notes[f"What it writes to {mount.source} is kept in a volume: a release brings no directory to write to."] = (
        None
    )
    said.volumes[name] = None
    return mount.model_copy(update={"type": "volume", "source": name, "bind": None})


def _has_files(path: str, files: Files) -> bool:
    below = "" if path == "." else f"{path}/"
    return path in files or any(one.startswith(below) and one.rpartition("/")[2] not in PLACEHOLDERS for one in files)
