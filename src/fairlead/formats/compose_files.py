"""Reads Compose files as nodes: `include` and `extends` resolved, what is not honoured set aside with a word."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field

from fairlead.formats.files import Files, clean
from fairlead.formats.findings import Findings, did_you_mean, shown
from fairlead.formats.merge import overlay_tables
from fairlead.formats.node import Items, Mark, Node, Scalar, Table, spell, to_plain
from fairlead.formats.service_model import OWN_KEYS, ComposeService
from fairlead.formats.unhonoured import DANGEROUS, IGNORED, set_aside
from fairlead.formats.yaml_tree import SIZE_LIMIT, read_yaml

COMPOSE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
TOP = frozenset({"services", "volumes", "networks", "secrets", "configs"})
FILE_LIMIT = 30
"""Compose files that one project may lead to."""

BYTES_LIMIT = 4 * SIZE_LIMIT
"""Bytes of all of them."""

CHAIN_LIMIT = 20
"""Services that may extend one another in a row."""


@dataclass(slots=True)
class ComposeReader:
    """Reads files once each; `read_paths` are those it read, `directories` where the paths in each begin."""

    files: Files
    findings: Findings
    read_paths: list[str] = field(default_factory=list)
    directories: dict[str, str] = field(default_factory=dict)
    _parsed: dict[str, Table] = field(default_factory=dict)

    def read(self, path: str, named_at: Mark, *, directory: str, chain: tuple[str, ...] = ()) -> Table:
        """The file with all that it includes; only Compose's own sections are left."""
        root = self._parse(path, named_at, directory)
        merged = Table(root.mark)
        for mark, included in self._included(root, directory):
            if included in (*chain, path):
                self.findings.problem(
                    mark, "include", " → ".join((*chain, path, included)), "files that do not go round"
                )
                continue
            inner = self.read(included, mark, directory=posixpath.dirname(included), chain=(*chain, path))
            merged = overlay_tables(merged, inner)
        own = root.without(*(set(root.nodes) - TOP))
        services = own.table("services")
        for name in services.nodes:
            service = self._service(path, name, ())
            services = services.with_node(name, service)
        return overlay_tables(merged, own.with_node("services", services) if services.nodes else own)

    def _parse(self, path: str, named_at: Mark, directory: str) -> Table:
        if path in self._parsed:
            return self._parsed[path]
        self._parsed[path] = Table(Mark(path))
        content = self.files.get(path)
        if content is None:
            self.findings.problem(named_at, "", f"no file {shown(path)}", "a Compose file of the repository")
        elif len(self._parsed) > FILE_LIMIT:
            self.findings.problem(named_at, "", f"over {FILE_LIMIT} Compose files", "fewer")
        elif sum(len(self.files[read]) for read in self.read_paths) + len(content) > BYTES_LIMIT:
            self.findings.problem(named_at, "", f"over {BYTES_LIMIT} bytes of Compose files", "less")
        else:
            self.read_paths.append(path)
            self.directories[path] = directory
            root = read_yaml(path, content, self.findings, is_foreign=True)
            if isinstance(root, Table):
                self._check_top(root)
                self._parsed[path] = root
            elif root is not None:
                self.findings.problem(root.mark, "", "what is no mapping", "a mapping with services:")
        return self._parsed[path]

    def _check_top(self, root: Table) -> None:
        known = TOP | {"include", "name", "version"}
        for key, node in root.nodes.items():
            if key not in known and not key.startswith("x-"):
                self.findings.problem(
                    root.key_marks[key], key, f"the unknown key {shown(key)}", did_you_mean(key, known)
                )
            elif key in TOP and not isinstance(node, Table) and not (isinstance(node, Scalar) and node.text is None):
                self.findings.problem(node.mark, key, "what is no mapping", "a mapping")

    def _included(self, root: Table, directory: str) -> list[tuple[Mark, str]]:
        found: list[tuple[Mark, str]] = []
        stated = root.get("include")
        for node in stated.nodes if isinstance(stated, Items) else ():
            paths: Node | None = node
            if isinstance(node, Table):
                paths = node.get("path")
                for key in set(node.nodes) - {"path"}:
                    self.findings.problem(node.key_marks[key], f"include.{key}", f"the key {shown(key)}", "path alone")
            for entry in paths.nodes if isinstance(paths, Items) else (paths,):
                written = entry.text if isinstance(entry, Scalar) and isinstance(entry.text, str) else ""
                path = clean(written, directory) if written and "$" not in written else None
                if path is None:
                    self.findings.problem(node.mark, "include", shown(written), "a path inside the repository")
                else:
                    found.append((node.mark, path))
        return found

    def _service(self, path: str, name: str, chain: tuple[tuple[str, str], ...]) -> Table:
        """The service with what it extends under it, without the keys that are not honoured."""
        node = self._parsed[path].table("services").get(name)
        if not isinstance(node, Table):
            if node is not None and (isinstance(node, Items) or _text(node)):
                self.findings.problem(node.mark, spell(("services", name)), shown(to_plain(node)), "a mapping")
            return Table(node.mark if node else Mark(path))
        service = set_aside(node, ("services", name), self.findings)
        self._check_keys(service, name)
        extended = service.get("extends")
        if extended is None:
            return service
        base = self._extended(path, name, extended, (*chain, (path, name)))
        return overlay_tables(base, service.without("extends"), appends=True)

    def _extended(self, path: str, name: str, node: Node, chain: tuple[tuple[str, str], ...]) -> Table:
        nothing, key = Table(node.mark), spell(("services", name, "extends"))
        target = _text(node) or (_text(node.get("service")) if isinstance(node, Table) else "")
        file = _text(node.get("file")) if isinstance(node, Table) else ""
        directory = self.directories.get(path, "")
        other = (clean(file, directory) if "$" not in file else None) if file else path
        if not target or other is None:
            self.findings.problem(
                node.mark, key, "no service, or a path that leaves the repository", "file and service"
            )
            return nothing
        if (other, target) in chain or len(chain) > CHAIN_LIMIT:
            circle = " → ".join((*(step for _, step in chain), target))
            self.findings.problem(node.mark, key, f"the circle {circle}", "services that do not extend each other")
            return nothing
        known = self._parse(other, node.mark, posixpath.dirname(other) if file else directory).table("services")
        if target not in known.nodes:
            self.findings.problem(node.mark, key, f"no service {shown(target)}", did_you_mean(target, known.nodes))
            return nothing
        return self._service(other, target, chain)

    def _check_keys(self, service: Table, name: str) -> None:
        known = set(ComposeService.model_fields) | {"extends"}
        for key, mark in service.key_marks.items():
            spelled = spell(("services", name, key))
            if key in OWN_KEYS:
                self.findings.problem(mark, spelled, f"Fairlead's own key {shown(key)}", "it in fairlead.yml")
            elif key not in known and not key.startswith("x-"):
                expected = did_you_mean(key, known | IGNORED | set(DANGEROUS))
                self.findings.problem(mark, spelled, f"the unknown key {shown(key)}", expected)


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) and isinstance(node.text, str) else ""
