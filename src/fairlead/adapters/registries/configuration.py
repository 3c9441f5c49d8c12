"""What our own registry is told: its program, and its configuration file (distribution.github.io, configuration)."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairlead.domain.errors import NotFound

PROGRAMS = ("docker-registry", "registry")
PLACES = (os.defpath, "/usr/bin", "/usr/local/bin", "/usr/sbin")


@dataclass(frozen=True, slots=True)
class Notification:
    """Where it tells of pushes, and with which headers (they may hold a secret: the file is ours alone)."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


def find_program(given: str) -> str:
    """The registry's program: the one given, or Distribution under one of its names."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *PLACES))
    for name in (given,) if given else PROGRAMS:
        if found := shutil.which(name, path=path):
            return found
    raise NotFound(
        "registry.missing",
        f"the registry program {given or PROGRAMS[0]} is not installed",
        thing=given or PROGRAMS[0],
        hint="install it (Debian: apt-get install docker-registry), or set the URL of another registry",
    )


def configuration(storage: Path, address: str, notification: Notification | None) -> dict[str, Any]:
    """No cache in memory: it would claim layers that garbage collection has removed."""
    told: dict[str, Any] = {
        "version": "0.1",
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(storage)},
            "delete": {"enabled": True},
            "maintenance": {
                "uploadpurging": {"enabled": True, "age": "24h", "interval": "6h", "dryrun": False},
            },
        },
        "http": {"addr": address, "headers": {"X-Content-Type-Options": ["nosniff"]}},
    }
    if notification is not None:
        endpoint = {
            "name": "fairlead",
            "url": notification.url,
            "headers": {name: [value] for name, value in notification.headers.items()},
            "timeout": "2s",
            "threshold": 5,
            "backoff": "2s",
            "ignoredmediatypes": ["application/octet-stream"],
        }
        told["notifications"] = {"endpoints": [endpoint]}
    return told


def write_configuration(path: Path, storage: Path, address: str, notification: Notification | None) -> bool:
    """The file says so, readable by us alone; whether it said something else before. JSON is YAML."""
    text = json.dumps(configuration(storage.absolute(), address, notification), indent=2) + "\n"
    if path.exists() and path.read_text() == text:
        return False
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w") as file:
        file.write(text)
    os.replace(beside, path)
    return True
