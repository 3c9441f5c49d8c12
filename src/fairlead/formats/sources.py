"""Reads the project file and the Compose files that it names, and lays them over one another for an environment."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead.domain.errors import ProjectFileInvalid
from fairlead.formats.compose_files import COMPOSE_NAMES, ComposeReader
from fairlead.formats.declared.repository import declared_paths, read_repository
from fairlead.formats.dotenv import read_dotenv
from fairlead.formats.expansion import without_variables
from fairlead.formats.files import Files, clean
from fairlead.formats.findings import Findings, shown
from fairlead.formats.merge import overlay_tables
from fairlead.formats.node import Items, Mark, Node, Path, Scalar, Table, spell
from fairlead.formats.project_model import ProjectFile
from fairlead.formats.shape import check
from fairlead.formats.yaml_tree import read_yaml

PROJECT_FILE = "fairlead.yml"


@dataclass(frozen=True, slots=True)
class Sources:
    """What was read. `compose` holds the Compose files as one; `directories` tells where a file's paths begin."""

    files: Files
    findings: Findings
    project: Table
    compose: Table
    uses_compose: bool
    directories: Mapping[str, str]
    dotenv: Mapping[str, str]
    carried: frozenset[str] = field(default=frozenset())

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments that the project file mentions."""
        return tuple(self.project.table("environments").nodes)

    def override(self, environment: str) -> Table:
        """What the project file says for this environment alone."""
        return self.project.table("environments").table(environment)

    def base_of(self, mark: Mark) -> str:
        """The directory from which a relative path at this place is read."""
        return self.directories.get(mark.file, "")

    def resolved(self, environment: str) -> Table:
        """Compose, project file and the environment's override as one; services left out by profile are gone."""
        return self._with_services(self._merged(environment))

    def _merged(self, environment: str) -> Table:
        own = self.project.without("compose", "environments")
        return overlay_tables(overlay_tables(self.compose, own), self.override(environment))

    def _with_services(self, root: Table) -> Table:
        services = root.table("services")
        active = _words(root.get("profiles"))
        kept: dict[str, Node] = {}
        for name, node in services.nodes.items():
            service = node if isinstance(node, Table) else Table(node.mark)
            profiles = profiles_of(service)
            if profiles and not profiles & active:
                continue
            kept[name] = self._with_build(service)
        marks = {name: mark for name, mark in services.key_marks.items() if name in kept}
        return root.with_node("services", Table(services.mark, kept, marks))

    def _with_build(self, service: Table) -> Table:
        """A service that says nothing of its image is built from the repository's root, where no Compose file is."""
        if self.uses_compose or service.get("build") is not None or service.get("image") is not None:
            return service
        return service.with_node("build", Scalar(service.mark, "."))

    def left_out(self, environment: str) -> Mapping[str, set[str]]:
        """Services that are there, but not for this environment's profiles; with the profiles of each."""
        named = self._merged(environment).table("services")
        kept = self.resolved(environment).table("services").nodes
        return {name: profiles_of(named.table(name)) for name in named.nodes if name not in kept}


def read_sources(files: Files, findings: Findings) -> Sources | None:
    """All that the project file leads to; None (problems recorded) where it cannot be read at all."""
    root = _project(files, findings)
    if root is None:
        return None
    check(ProjectFile, without_variables(root), findings)
    _check_overrides(root, findings)
    paths, uses = _compose_paths(files, root, findings)
    reader = ComposeReader(files, findings)
    compose = Table(Mark(PROJECT_FILE))
    for mark, path in paths:
        compose = overlay_tables(
            compose, reader.read(path, mark, directory=posixpath.dirname(paths[0][1])), appends=True
        )
    base = posixpath.dirname(paths[0][1]) if paths else ""
    dotenv_path = clean(".env", base) or ".env"
    dotenv = dotenv_of(files, dotenv_path, findings if uses else Findings())
    _check_declarations(files, root, findings)
    carried = {PROJECT_FILE, *reader.read_paths, *([dotenv_path] if dotenv_path in files else [])}
    carried |= set(declared_paths(files))
    return Sources(files, findings, root, compose, uses, reader.directories, dotenv, frozenset(carried))


def _project(files: Files, findings: Findings) -> Table | None:
    content = files.get(PROJECT_FILE)
    if content is None:
        found = "fairlead.yaml" if "fairlead.yaml" in files else "no such file"
        findings.problem(
            Mark(PROJECT_FILE), "", found, "fairlead.yml at the repository's root", code="project_file.missing"
        )
        return None
    root = read_yaml(PROJECT_FILE, content, findings)
    if root is None:
        return None
    if not isinstance(root, Table):
        findings.problem(root.mark, "", "what is no mapping", "a mapping that begins with project:")
        return None
    return root


def _check_declarations(files: Files, root: Table, findings: Findings) -> None:
    """What the repository declares besides, below ``.fairlead``: its shape."""
    named = root.get("project")
    try:
        read_repository(str(named.text) if isinstance(named, Scalar) else "", files)
    except ProjectFileInvalid as error:
        findings.problems += [problem for problem in error.problems if problem not in findings.problems]
        findings.codes += [error.code] * (len(findings.problems) - len(findings.codes))


def _check_overrides(root: Table, findings: Findings) -> None:
    """Law 3: what was tested is what is deployed, so nothing that is built may differ by environment."""
    for name, node in root.table("environments").nodes.items():
        if not isinstance(node, Table):
            continue
        places: list[tuple[Path, Table]] = [(("environments", name, "tests"), node.table("tests"))]
        services = node.table("services")
        places += [(("environments", name, "services", key), services.table(key)) for key in services.nodes]
        for path, table in places:
            if "build" in table.nodes:
                findings.problem(
                    table.key_marks["build"],
                    spell((*path, "build")),
                    "a build of its own",
                    "one build for all environments",
                )


def _compose_paths(files: Files, root: Table, findings: Findings) -> tuple[list[tuple[Mark, str]], bool]:
    """The Compose files to read, each with the place that names it."""
    stated = root.get("compose")
    if stated is None or (isinstance(stated, Scalar) and stated.text is None):
        found = _compose_path_by_default(files, root, findings)
        return ([(root.mark, found)], True) if found else ([], False)
    paths = []
    for node in stated.nodes if isinstance(stated, Items) else (stated,):
        written = node.text if isinstance(node, Scalar) and isinstance(node.text, str) else ""
        path = clean(written) if written else None
        if path is None:
            findings.problem(node.mark, "compose", shown(written), "a path inside the repository")
        elif path not in files:
            findings.problem(node.mark, "compose", f"no file {shown(written)}", "a Compose file of the repository")
        else:
            paths.append((node.mark, path))
    return paths, bool(paths)


def _compose_path_by_default(files: Files, root: Table, findings: Findings) -> str:
    """The Compose file of a usual name; "" where there is none, or no service here needs it."""
    found = next((name for name in COMPOSE_NAMES if name in files), "")
    if not found:
        return ""
    services = [node for node in root.table("services").nodes.values() if isinstance(node, Table)]
    if services and all("build" in node.nodes or "image" in node.nodes for node in services):
        findings.warn(root.mark, "compose", f"{found} is not used: each service here says how its image is made")
        return ""
    _warn_of_overrides(files, root, found, findings)
    return found


def _warn_of_overrides(files: Files, root: Table, found: str, findings: Findings) -> None:
    """`docker compose` lays this file over the other unasked; here only what fairlead.yml names is deployed."""
    stem, _, ending = found.rpartition(".")
    for override in (f"{stem}.override.{ending}", f"{stem}.override.{'yml' if ending == 'yaml' else 'yaml'}"):
        if override in files:
            findings.warn(root.mark, "compose", f"{override} is not laid over {found} unless both are named here")


def dotenv_of(files: Files, path: str, findings: Findings) -> dict[str, str]:
    """What `.env` there sets; nothing where there is none."""
    content = files.get(path)
    if content is None:
        return {}
    found = read_dotenv(path, content, findings, lambda _: None)
    return {key: str(value) for key, value in found.items() if value is not None}


def profiles_of(service: Table) -> set[str]:
    """The profiles that a service belongs to; with none it is always there."""
    return _words(service.get("profiles"))


def _words(node: Node | None) -> set[str]:
    if isinstance(node, Scalar):
        return {str(node.text)} if node.text is not None else set()
    if isinstance(node, Items):
        return {str(child.text) for child in node.nodes if isinstance(child, Scalar)}
    return set()
