"""Puts variables into a project's nodes: `${…}` in what came from Compose files, `#{…}` in the places that allow it."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.errors import FairleadError
from fairlead.domain.substitution import Lookup, expand, names_in
from fairlead.domain.text import Text
from fairlead.formats.findings import Findings
from fairlead.formats.node import Items, Node, Path, Scalar, Table, spell

ANY = "*"
REST = "**"

VARIABLE_PLACES: tuple[tuple[str, ...], ...] = (
    ("services", ANY, "image"),
    ("services", ANY, "environment", REST),
    ("services", ANY, "replicas"),
    ("services", ANY, "scale"),
    ("services", ANY, "deploy", "replicas"),
    ("services", ANY, "route"),
    ("services", ANY, "route", "host"),
    ("services", ANY, "route", "path"),
    ("services", ANY, "routes", ANY, "host"),
    ("services", ANY, "routes", ANY, "path"),
    ("configs", ANY, "content"),
    ("secrets", ANY, "content"),
    ("migrate", "command", REST),
    ("migrate", "database", "from"),
    ("migrate", "backup", "command", REST),
    ("migrate", "after-retire", "command", REST),
    ("tests", "image"),
    ("tests", "command", REST),
    ("tests", "environment", REST),
)
"""Where ``#{Name}`` is a variable."""

LITERAL_PLACES: tuple[tuple[str, ...], ...] = (
    ("services", ANY, "command", REST),
    ("services", ANY, "entrypoint", REST),
    ("services", ANY, "healthcheck", REST),
    ("services", ANY, "health", "exec", REST),
    ("services", ANY, "labels", REST),
)
"""Where ``#{`` is the program's own affair and is left alone."""

BUILD_PLACES: tuple[tuple[str, ...], ...] = (("services", ANY, "build", REST), ("tests", "build", REST))
"""What is the same in every environment: filled from `.env` alone, by ``${NAME}`` in both kinds of file."""

NUMBERS = frozenset({"replicas", "scale"})


@dataclass(frozen=True, slots=True)
class Variables:
    """Where values come from. `is_known` is false where nobody can tell yet (`validate`, the outline): then what has no
    value is left as written, or left out where only a value will do; `is_silent` says nothing of it. `names` are those
    of all variables that hold."""

    own: Lookup
    compose: Lookup
    dotenv: Lookup
    compose_files: frozenset[str]
    project_file: str
    is_known: bool = True
    is_silent: bool = False
    names: tuple[str, ...] = ()


def fits(path: Path, places: tuple[tuple[str, ...], ...]) -> bool:
    """Whether the path is one of the places."""
    return any(_fits(path, place) for place in places)


def _fits(path: Path, place: tuple[str, ...]) -> bool:
    if place and place[-1] == REST:
        return len(path) >= len(place) - 1 and _fits(path[: len(place) - 1], place[:-1])
    return len(path) == len(place) and all(want in (ANY, have) for have, want in zip(path, place, strict=True))


def without_variables(root: Table) -> Table:
    """The project file as its shape is checked before any variable is known: numbers that are variables are 1."""
    return _as_table(root, _plain_numbers(root, ()))


def _plain_numbers(node: Node, path: Path) -> Node:
    match node:
        case Table(mark=mark, nodes=nodes, key_marks=marks):
            return Table(mark, {key: _plain_numbers(child, (*path, key)) for key, child in nodes.items()}, marks)
        case Scalar(text=str() as text) if "#{" in text and path[-1:] and path[-1] in NUMBERS:
            return Scalar(node.mark, "1", node.is_plain)
        case _:
            return node


def expanded(root: Table, variables: Variables, findings: Findings) -> Table:
    """The tree with every variable filled in; what has no value is a problem at its place."""
    result = _expand(root, (), variables, findings)
    return _as_table(root, result)


def _as_table(root: Table, node: Node | None) -> Table:
    return node if isinstance(node, Table) else Table(root.mark)


def _expand(node: Node, path: Path, variables: Variables, findings: Findings) -> Node | None:
    match node:
        case Scalar():
            return _scalar(node, path, variables, findings)
        case Items():
            filled = (_expand(child, (*path, index), variables, findings) for index, child in enumerate(node.nodes))
            return Items(node.mark, tuple(child for child in filled if child is not None))
        case Table():
            nodes = {key: _expand(child, (*path, key), variables, findings) for key, child in node.nodes.items()}
            return Table(node.mark, {key: child for key, child in nodes.items() if child is not None}, node.key_marks)


def _scalar(node: Scalar, path: Path, variables: Variables, findings: Findings) -> Node | None:
    text = node.text
    if not isinstance(text, str) or ("$" not in text and "#{" not in text):
        return node
    is_compose = node.mark.file in variables.compose_files
    is_build = fits(path, BUILD_PLACES)
    compose = variables.dotenv if is_build else variables.compose if is_compose else None
    takes_variables = fits(path, VARIABLE_PLACES)
    is_ours = node.mark.file == variables.project_file and not fits(path, LITERAL_PLACES)
    if is_ours and not takes_variables and any(names_in(text)):
        findings.problem(node.mark, spell(path), f"the variable {text[:60]!r}", "no variable in this place")
    try:
        own = variables.own if takes_variables else None
        value: Text = expand(text, compose=compose, variables=own, where=spell(path), names=variables.names)
    except FairleadError as error:
        return _unfilled(node, path, variables, findings, error, is_build=is_build)
    return Scalar(node.mark, value, is_plain=False)


def _unfilled(
    node: Scalar, path: Path, variables: Variables, findings: Findings, error: FairleadError, *, is_build: bool
) -> Node | None:
    if variables.is_known or is_build or error.code != "variable.unknown":
        findings.error(node.mark, spell(path), error)
        return node
    if not variables.is_silent:
        findings.warn(
            node.mark, spell(path), f"{error.message} in these files: Fairlead must know one where this is deployed"
        )
    if path[-1:] and path[-1] in NUMBERS:
        return Scalar(node.mark, "1")
    keeps = fits(path, VARIABLE_PLACES) and "route" not in path and "routes" not in path
    return node if keeps or fits(path, LITERAL_PLACES) else None
