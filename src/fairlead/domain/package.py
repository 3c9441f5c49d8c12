"""A package of the built-in feed: bytes under an id and a version, as a build server pushed them.

As in Octopus's built-in feed (docs.octopus.com, "Package repositories"): zip, nupkg, tar and its compressed kinds; id
and version stand in the file's name, ``Web.1.2.3.zip``, unless they are said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fairlead.domain.errors import Invalid
from fairlead.domain.version import VersionFormat, read

ENDINGS = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz", ".tar", ".nupkg", ".zip", ".jar", ".war", ".ear")
ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){0,99}")
_NAME = re.compile(r"(?P<id>.+?)[.-](?P<version>v?[0-9]+(?:\.[0-9]+){0,3}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)")
_STARTS = {
    ".zip": (b"PK\x03\x04", b"PK\x05\x06"),
    ".gz": (b"\x1f\x8b",),
    ".bz2": (b"BZh",),
    ".xz": (b"\xfd7zXZ\x00",),
}
_TAR = (257, b"ustar")


@dataclass(frozen=True, slots=True)
class Package:
    """`name` is its id, the same whatever its case; `blob` the key of its bytes (ports.artifacts), `ending` how its
    file's name ends."""

    id: str
    name: str
    version: str
    ending: str
    blob: str
    size_bytes: int
    created_at: datetime
    created_by: str = ""
    revision: int = 1

    @property
    def file_name(self) -> str:
        """What the file is called."""
        return f"{self.name}.{self.version}{self.ending}"


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A package as a plan names it: what it is called, and the bytes that are meant."""

    name: str
    version: str
    ending: str
    blob: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def newest_first(versions: Iterable[str]) -> list[str]:
    """Versions of the feed in their order, the highest first."""
    return sorted(versions, key=lambda one: (read(one, VersionFormat.OCTOPUS), one), reverse=True)


def named(file_name: str, *, name: str = "", version: str = "") -> tuple[str, str, str]:
    """Id, version and ending of a file of that name; what is said comes before what its name says. Invalid
    `package.name`."""
    ending = next((one for one in ENDINGS if file_name.lower().endswith(one)), "")
    if not ending:
        raise _no_name(file_name, f"it ends in none of {', '.join(ENDINGS)}")
    found = _NAME.fullmatch(file_name[: -len(ending)])
    id = name or (found["id"] if found else "")
    number = version or (found["version"] if found else "")
    if not ID.fullmatch(id):
        raise _no_name(file_name, f"{id[:80]!r} is no id of a package" if id else "it does not say id and version")
    try:
        read(number, VersionFormat.OCTOPUS)
    except Invalid as error:
        raise _no_name(file_name, error.message) from error
    if ".." in number:
        raise _no_name(file_name, f"{number[:80]!r} is no version of a package")
    return id, number, ending


def check_content(ending: str, content: bytes) -> None:
    """Invalid `package.content` where the bytes, of which 512 are enough, do not begin as such a file does."""
    kind = ".zip" if ending in (".nupkg", ".jar", ".war", ".ear") else ending
    kind = {".tgz": ".gz", ".tbz": ".bz2", ".tar.gz": ".gz", ".tar.bz2": ".bz2", ".tar.xz": ".xz"}.get(kind, kind)
    at, start = _TAR
    is_right = content[at : at + len(start)] == start if kind == ".tar" else content.startswith(_STARTS[kind])
    if not is_right:
        raise Invalid("package.content", f"the bytes are not those of a {ending} file", thing=ending)


def _no_name(file_name: str, why: str) -> Invalid:
    return Invalid(
        "package.name",
        f"{file_name[:120]!r} does not name a package: {why}",
        thing="package",
        hint="Web.1.2.3.zip, or say --id and --version",
    )
