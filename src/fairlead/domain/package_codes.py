"""The codes of errors of packages: in the feed, and on targets."""

from __future__ import annotations

PACKAGE_CODES: dict[str, str] = {
    "package.unknown": "The feed has no such package.",
    "package.exists": "The feed has a package of this id and version already.",
    "package.name": "The file's name does not say which package it is.",
    "package.content": "The bytes are not those of such a file.",
    "package.file": "The package has no such file.",
    "package.unsafe": "The package holds a path that leads out of the folder that it is unpacked in.",
    "package.not_acquired": "A package could not be put on a target before the first step that uses one.",
    "package.not_noted": "That a package on a target is used again could not be written into the target's journal.",
    "package.not_removed": "Packages that earlier deployments left on the target could not be removed.",
    "package.not_installed": "The package could not be unpacked on the target.",
    "package.script": "It could not be looked whether a package on a target has a script for a stage.",
    "package.directory": "A package cannot be copied to a directory: it is no place for one.",
    "package.directory_taken": "The directory that a package is to be copied to is that of another project or place.",
    "package.not_copied": "The package could not be copied to its directory on the target.",
    "package.in_use": "A release names the package; it is kept.",
}
"""A part of `errors.CODES`."""
