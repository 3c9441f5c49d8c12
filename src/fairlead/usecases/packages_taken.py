"""The packages of the feed that a process takes files from, in the versions that were chosen."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.domain.errors import NotFound
from fairlead.domain.package import PackageFile
from fairlead.domain.process import Process
from fairlead.store import packages
from fairlead.store.database import Connection


def packages_of(connection: Connection, process: Process, versions: Mapping[str, str]) -> dict[str, PackageFile]:
    """The packages of the feed that the process takes files from, in these versions, by name in lower case. NotFound
    `package.unknown`."""
    chosen_versions = {name.lower(): version for name, version in versions.items()}
    found: dict[str, PackageFile] = {}
    for name in process.packages:
        version = chosen_versions.get(name.lower(), "")
        held = packages.find(connection, name, version)
        if held is None:
            raise NotFound(
                "package.unknown",
                f"the process takes files from the package {name} {version}, which is no longer in the feed",
                thing=name,
                hint=f"push it again: fairlead packages push … --id {name} --version {version or 'VERSION'}",
            )
        found[name.lower()] = PackageFile(held.name, held.version, held.ending, held.blob)
    return found
