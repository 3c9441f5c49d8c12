"""Which transformation files change which files of a folder: ``Web.Release.config`` the file ``Web.config``.

Automatic ones are named after their file, with *Release* and then the environment between; others are listed:
``Foo.config => web.config``, ``*.Foo.config => *.config``, ``App.*.Foo.config => App.config``, or a word that stands
between like *Release*
(Calamari's `XmlConfigTransformDefinition` and `TransformFileLocator`). Letter case does not count.
"""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """A file and what transforms it, as paths in the folder; `listed` is the line that asked for it, if one did."""

    source: str
    transformation: str
    listed: str = ""


def pairs(paths: Sequence[str], listed: Sequence[str], words: Sequence[str]) -> tuple[Pair, ...]:
    """In the order in which they are to be done: file by file, what is listed first. `words` are those of automatic
    transformations; none: there are none."""
    known = {path.lower(): path for path in paths}
    found: dict[tuple[str, str], Pair] = {}
    lines = [line.strip() for line in listed if line.strip()]
    for source in paths:
        for line in lines:
            for transformation in _found(source, line, known):
                found.setdefault((source, transformation), Pair(source, transformation, line))
        for word in words if source.lower().endswith(".config") else ():
            for transformation in _found(source, word, known):
                found.setdefault((source, transformation), Pair(source, transformation))
    return tuple(found.values())


def _found(source: str, line: str, known: dict[str, str]) -> Iterator[str]:
    for wanted in _wanted(source, line.replace("\\", "/"), tuple(known)):
        for path in dict.fromkeys((wanted.lower(), f"{wanted}.config".lower())):
            if path in known and known[path] != source:
                yield known[path]
                break


def _wanted(source: str, line: str, known: Sequence[str]) -> Iterator[str]:
    """The paths that the line would have a transformation of the file at."""
    by, arrow, of = (part.strip() for part in line.partition("=>"))
    if not arrow:
        if source.lower().endswith(".config"):
            yield f"{source.rpartition('.')[0]}.{by}"
        return
    fitting = _fitting(source, of)
    if fitting is None:
        return
    folder, stem = fitting
    directory, name = posixpath.split(posixpath.normpath(posixpath.join(folder, by)))
    if name.startswith("*.") and stem:
        name = f"{stem}{name[1:]}"
    if "*" not in name:
        yield posixpath.join(directory, name)
        return
    form = name.lower().replace("[", "[[]")
    beside = (path for path in known if posixpath.dirname(path) == directory.lower())
    yield from (path for path in beside if fnmatch.fnmatchcase(posixpath.basename(path), form))


def _fitting(source: str, of: str) -> tuple[str, str] | None:
    """Where the line's paths are seen from, and what its ``*`` stands for ("" without one); None: not this file."""
    directory, name = posixpath.split(posixpath.normpath(of))
    folder = posixpath.dirname(source)
    if directory and not f"/{folder}".lower().endswith(f"/{directory}".lower()):
        return None
    base = folder[: len(folder) - len(directory)].rstrip("/")
    own = posixpath.basename(source)
    if name.startswith("*."):
        end = name[1:]
        return (base, own[: -len(end)]) if own.lower().endswith(end.lower()) and len(own) > len(end) else None
    return (base, "") if own.lower() == name.lower() else None
