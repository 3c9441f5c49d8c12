"""Files that a task leaves behind, and bytes that travel in a release; kept by content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, Protocol

from fairlead.domain.ids import TaskId


class Artifacts(Protocol):
    """Content-addressed bytes, with names under a task. Bounded: one file 64 MiB, one task 512 MiB. Packages
    come by another way, and may be larger: who reads one opens it."""

    async def put_blob(self, content: bytes) -> str:
        """Kept; its key (``sha256:…``). Twice is once."""
        ...

    async def blob(self, key: str) -> bytes:
        """The bytes; `NotFound` where there are none."""
        ...

    async def open_blob(self, key: str) -> BinaryIO:
        """The bytes as a file to read and seek in, at its start; who asked closes it. `NotFound` where there are
        none."""
        ...

    async def let_go(self, key: str) -> None:
        """The bytes are gone, unless a package, a release or a task names them; gone is fine."""
        ...

    async def attach(self, task: TaskId, name: str, content: bytes, *, kind: str) -> None:
        """`name` under the task is this content. Kinds: `junit`, `output` (an instance's last lines), `evidence`,
        `artifact` (what a script left)."""
        ...

    async def names(self, task: TaskId) -> Mapping[str, str]:
        """What the task left behind: name → kind."""
        ...

    async def read(self, task: TaskId, name: str) -> bytes:
        """The content; `NotFound` where there is none."""
        ...
