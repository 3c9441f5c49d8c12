"""Files of the repository that are mounted into a service, filled in for the environment: which, and with what.

The values are known here, secrets by reference; the file itself is filled in when its container is made, so that no
secret stands in a plan.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from fairlead.domain.errors import FairleadError
from fairlead.domain.service import File, Filling
from fairlead.domain.substitution import substitute
from fairlead.domain.template.variables import Variables, names_in
from fairlead.domain.text import Text
from fairlead.formats.compilation import Compilation
from fairlead.formats.encoded_text import decoded
from fairlead.formats.globs import matching
from fairlead.formats.markdown import MARKDOWN_FILTERS
from fairlead.formats.node import Path
from fairlead.formats.service_model import ServiceModel
from fairlead.formats.structured.files import replace_in_file
from fairlead.formats.substituted import substitute_in_file


def with_fillings(at: Compilation, name: str, model: ServiceModel, files: Sequence[File]) -> tuple[File, ...]:
    """The service's files; those that `configure` names know how they are to be filled in."""
    asked = model.configure
    if asked is None:
        return tuple(files)
    paths = [file.source for file in files if file.source]
    tokens = set(_matched(at, ("services", name, "configure", "substitute"), asked.substitute, paths))
    places = set(_matched(at, ("services", name, "configure", "structured"), asked.structured, paths))
    return tuple(_filling(at, name, file, file.source in tokens, file.source in places) for file in files)


def filled(file: File, content: bytes, values: Mapping[str, str]) -> tuple[bytes, tuple[str, ...]]:
    """The content with the values in it, and what there is to warn of. Invalid `configuration.unreadable`."""
    filling = file.filling
    if filling is None:
        return content, ()
    variables = Variables(values, more_filters=MARKDOWN_FILTERS)
    warnings: list[str] = []
    if filling.is_template:
        made = substitute_in_file(content, variables)
        content = made.content
        warnings += [f"{file.path}: without a value: {token}" for token in made.missing]
    if filling.is_structured:
        replaced = replace_in_file(file.source, content, variables)
        content = replaced.content if replaced.found else content
        warnings += [f"{file.path}: {warning}" for warning in replaced.warnings]
    return content, tuple(warnings)


def _matched(at: Compilation, path: Path, patterns: Sequence[str], paths: Sequence[str]) -> Iterator[str]:
    for index, pattern in enumerate(patterns):
        found = matching(pattern, paths)
        if not found:
            at.warn((*path, index), f"no file that is mounted into the service matches {pattern!r}")
        yield from found


def _filling(at: Compilation, name: str, file: File, is_template: bool, is_structured: bool) -> File:
    if not (is_template or is_structured):
        return file
    path: Path = ("services", name, "configure")
    content = at.files[file.source]
    wanted: dict[str, None] = {}
    if is_template:
        wanted |= dict.fromkeys(_asked_for(decoded(content).text, at.variables.names))
    if is_structured and at.variables.is_known:
        try:
            found = replace_in_file(file.source, content, Variables(dict.fromkeys(at.variables.names, "")))
            wanted |= dict.fromkeys(found.found)
        except FairleadError as error:
            at.error((*path, "structured"), error)
    values = {each: text for each in wanted if (text := _value(at, path, each)) is not None}
    return replace(file, filling=Filling(is_template, is_structured, values))


def _asked_for(text: str, names: Iterable[str]) -> Iterator[str]:
    """The variables that a template may look into: those it names, and what lies below them."""
    roots = {re.split(r"[.\[]", path, maxsplit=1)[0].lower() for path in names_in(text)}
    return (name for name in names if re.split(r"[.\[]", name, maxsplit=1)[0].lower() in roots)


def _value(at: Compilation, path: Path, name: str) -> Text | None:
    value = at.variables.own(name)
    try:
        return None if value is None else substitute(value, at.variables.own, where=name, names=at.variables.names)
    except FairleadError as error:
        at.error(path, error)
        return None
