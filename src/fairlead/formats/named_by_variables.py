"""What variables name in a project file, images and files, read before the value of any of them is known."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fairlead.domain.substitution import names_in
from fairlead.formats.files import Files, clean
from fairlead.formats.findings import Findings
from fairlead.formats.globs import matching
from fairlead.formats.node import Path, Scalar, scalars_of
from fairlead.formats.sources import Sources, read_sources

_COMPOSE = re.compile(r"\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)|([A-Za-z_][A-Za-z0-9_]*))")
_WHOLE = re.compile(r"\$\{[^{}]*\}|\$[A-Za-z_][A-Za-z0-9_]*")
_FILES = ("env_file", "volumes", "file")
MOST_MATCHES = 1_000


def images_named(files: Files) -> dict[str, frozenset[str]]:
    """The names of the variables in each service's image, whatever the environment; "" stands for the tests."""
    found: dict[str, set[str]] = {}
    for path, scalar, sources in _scalars(files):
        if path[-1:] != ("image",) or path[0] not in ("services", "tests"):
            continue
        service = str(path[1]) if path[0] == "services" else ""
        found.setdefault(service, set()).update(_names(scalar, sources))
    return {service: frozenset(names) for service, names in found.items() if names}


def files_named(files: Files) -> frozenset[str]:
    """The files of the repository that a variable in `env_file`, `volumes`, `secrets` or `configs` of a Compose file
    can name: those that fit, with anything in the variable's place."""
    found: set[str] = set()
    for path, scalar, sources in _scalars(files):
        text = scalar.text
        is_compose = scalar.mark.file in sources.directories
        if not is_compose or not isinstance(text, str) or "$" not in text or not any(step in _FILES for step in path):
            continue
        pattern = clean(_WHOLE.sub("*", text).partition(":")[0], sources.base_of(scalar.mark))
        if pattern and pattern.strip("*/."):
            found.update((*matching(pattern, files), *matching(f"{pattern}/**", files))[:MOST_MATCHES])
    return frozenset(found)


def _scalars(files: Files) -> Iterator[tuple[Path, Scalar, Sources]]:
    sources = read_sources(files, Findings())
    if sources is None:
        return
    for environment in ("", *sources.environments):
        for path, scalar in scalars_of(sources.resolved(environment)):
            yield path, scalar, sources


def _names(scalar: Scalar, sources: Sources) -> Iterator[str]:
    if scalar.text is None:
        return
    yield from names_in(scalar.text)
    if isinstance(scalar.text, str) and scalar.mark.file in sources.directories:
        yield from (braced or plain for braced, plain in _COMPOSE.findall(scalar.text) if braced or plain)
