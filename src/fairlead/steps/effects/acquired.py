"""Where a package that was acquired for a task lies on a host until the task has ended: a tar of its files.

    ~/.fairlead/acquired/TASK-AND-TARGET/PACKAGE.tar

It only saves the way: where it is not there any more, what uses it sends the package itself.
"""

from __future__ import annotations

import hashlib

from fairlead.domain.package import PackageFile
from fairlead.ports.connection import Command, Connection
from fairlead.ports.step import Tools
from fairlead.steps.effects.on_host import HOME, ran

BELOW_HOME = ".fairlead/acquired"
FILE = "file"
"""In the output of the effect that acquired it: where it lies, below that."""
THERE = HOME + f'[ -f "$HOME/{BELOW_HOME}/$1" ] || exit 3\n'


def key_of(host: str, package: PackageFile) -> str:
    """The key of the effect that acquires it on the host (a target's id): once for all that use it there."""
    return f"acquire:package:{host}:{package.name.lower()}"


def folder_of(task: str, host: str) -> str:
    """The task's own, for one target (its id): two may be the same user of the same machine."""
    return hashlib.sha256(f"{task}\n{host}".encode()).hexdigest()[:24]


def file_of(task: str, host: str, package: PackageFile) -> str:
    """Its tar."""
    return f"{folder_of(task, host)}/{hashlib.sha256(package.blob.encode()).hexdigest()[:24]}.tar"


async def acquired(host: Connection, id: str, package: PackageFile, ticket: str, tools: Tools) -> str:
    """The tar of the package on the host (a target's id), below ``~/.fairlead/acquired``; "" where none is there."""
    file = str(tools.outputs.get(key_of(id, package), {}).get(FILE) or "")
    if not file:
        return ""
    exit_code, _ = await ran(host, f"{ticket}/acquired", Command(("sh", "-c", THERE, "fairlead-acquired", file)))
    if exit_code != 0:
        tools.say(f"{package} was acquired, and lies on {host.name} no more: it is sent again", "warning")
        return ""
    return file
