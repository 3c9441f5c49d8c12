"""What the parts of one compilation share: the sources, the place of every key, and where findings go."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from fairlead.domain.errors import FairleadError
from fairlead.domain.names import slug
from fairlead.domain.service import Role
from fairlead.domain.text import Text
from fairlead.formats.expansion import Variables
from fairlead.formats.files import Files
from fairlead.formats.findings import Findings
from fairlead.formats.node import Mark, Path, Table, place_of, spell
from fairlead.formats.project_model import Resolved
from fairlead.formats.service_model import ServiceModel
from fairlead.formats.sources import Sources

IN_SLOT = frozenset({Role.ROUTED, Role.INTERNAL, Role.WORKER, Role.ONE_SHOT})
"""Roles of which the old and the new one can stand at the same time."""


@dataclass(slots=True)
class Compilation:
    """One project for one environment. `written` are the nodes before variables were filled in, `root` after it."""

    sources: Sources
    findings: Findings
    written: Table
    root: Table
    model: Resolved
    variables: Variables
    environment: str
    is_last: bool
    domain: str
    images: Mapping[str, str]
    tenant: str = ""
    roles: Mapping[str, Role] = field(default_factory=dict)
    blobs: dict[str, str] = field(default_factory=dict)
    dockerfiles: set[str] = field(default_factory=set)

    @property
    def services(self) -> Mapping[str, ServiceModel]:
        """The models by name."""
        return {name: model or ServiceModel() for name, model in self.model.services.items()}

    @property
    def slug(self) -> str:
        """The environment as it stands in hosts."""
        return slug(self.environment) or "pipeline"

    @property
    def files(self) -> Files:
        """The repository's files."""
        return self.sources.files

    def place(self, path: Path) -> Mark:
        """Where the path stands in the file that it came from."""
        return place_of(self.root, path)

    def directory(self, path: Path) -> str:
        """From where a relative path that stands there is read."""
        return self.sources.base_of(self.place(path))

    def problem(self, path: Path, found: str, expected: str) -> None:
        """A problem at the path."""
        self.findings.problem(self.place(path), spell(path), found, expected)

    def error(self, path: Path, error: FairleadError) -> None:
        """A domain's error at the path."""
        self.findings.error(self.place(path), spell(path), error)

    def warn(self, path: Path, text: str) -> None:
        """A warning at the path."""
        self.findings.warn(self.place(path), spell(path), text)

    def harm(self, path: Path, key: str) -> None:
        """Something that policy must allow, of the service that the path leads through."""
        self.findings.harm(self.place(path), str(path[1]), key)

    def clear(self, path: Path, text: Text | None, default: str = "") -> str:
        """The text in clear; a problem where it holds a secret."""
        if text is None:
            return default
        if isinstance(text, str):
            return text
        self.problem(path, "a secret", "text that may be shown")
        return default

    def blob(self, path: str) -> str:
        """The file travels in the release; its key there."""
        self.blobs[path] = hashlib.sha256(self.files[path]).hexdigest()
        return f"sha256:{self.blobs[path]}"
