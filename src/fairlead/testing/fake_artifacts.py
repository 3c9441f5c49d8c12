"""Artifacts in memory."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from fairlead.domain.errors import NotFound, TooLarge
from fairlead.domain.ids import TaskId

LARGEST_FILE_BYTES = 64 * 1024 * 1024
LARGEST_TASK_BYTES = 512 * 1024 * 1024


class FakeArtifacts:
    """`ports.artifacts.Artifacts`. `lying` are bytes too large for memory, by key: files."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.lying: dict[str, Path] = {}
        self.attached: dict[TaskId, dict[str, tuple[str, str]]] = {}

    async def put_blob(self, content: bytes) -> str:
        if len(content) > LARGEST_FILE_BYTES:
            raise TooLarge("input.too_large", f"a file has {len(content)} bytes")
        key = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.blobs[key] = content
        return key

    async def blob(self, key: str) -> bytes:
        if key not in self.blobs:
            raise NotFound("artifact.unknown", "there are no such bytes", thing=key)
        return self.blobs[key]

    async def open_blob(self, key: str) -> BinaryIO:
        return self.lying[key].open("rb") if key in self.lying else io.BytesIO(await self.blob(key))

    async def let_go(self, key: str) -> None:
        if not any(held == key for names in self.attached.values() for _, held in names.values()):
            self.blobs.pop(key, None)

    async def attach(self, task: TaskId, name: str, content: bytes, *, kind: str) -> None:
        key = await self.put_blob(content)
        named = self.attached.setdefault(task, {})
        others = sum(len(self.blobs[held]) for other, (_, held) in named.items() if other != name)
        if others + len(content) > LARGEST_TASK_BYTES:
            raise TooLarge("input.too_large", f"the task {task} keeps too much", thing=name)
        named[name] = (kind, key)

    async def names(self, task: TaskId) -> Mapping[str, str]:
        return {name: kind for name, (kind, _) in sorted(self.attached.get(task, {}).items())}

    async def read(self, task: TaskId, name: str) -> bytes:
        if name not in self.attached.get(task, {}):
            raise NotFound("artifact.unknown", f"the task has no artifact {name}", thing=name)
        return self.blobs[self.attached[task][name][1]]
