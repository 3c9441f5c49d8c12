"""Secrets in memory: values by id, and the masks of tasks that were handed them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from fairlead.domain.errors import NotFound
from fairlead.domain.ids import SecretVersionId, TaskId
from fairlead.store.masks import Mask


class FakeSecrets:
    """`ports.secrets.Secrets`. `put` gives a value an id; `mask` is what a log of the task must not show."""

    def __init__(self, values: Mapping[SecretVersionId, str] | None = None) -> None:
        self.kept: dict[SecretVersionId, str] = dict(values or {})
        self.handed: dict[TaskId, Mask] = {}

    def put(self, value: str) -> SecretVersionId:
        """A new version."""
        id = SecretVersionId(f"sec-{len(self.kept) + 1:05d}")
        self.kept[id] = value
        return id

    def mask(self, task: TaskId) -> Mask:
        """Of all that the task was handed."""
        return self.handed.get(task, Mask())

    async def values(self, task: TaskId, versions: Iterable[SecretVersionId]) -> Mapping[SecretVersionId, str]:
        found: dict[SecretVersionId, str] = {}
        for id in versions:
            if id not in self.kept:
                raise NotFound("variable.missing", f"there is no secret {id}", thing=id)
            found[id] = self.kept[id]
        self.handed[task] = self.mask(task).with_values(found.values())
        return found

    async def keep_told(self, task: TaskId, name: str, value: str, *, at: datetime) -> SecretVersionId:
        id = SecretVersionId(f"sec-{self.keyed_hash(repr((task, name, value)))[:40]}")
        self.kept[id] = value
        await self.values(task, [id])
        return id

    async def masked(self, task: TaskId, texts: Sequence[str]) -> Sequence[str]:
        mask = self.mask(task)
        return tuple(mask.apply(text) for text in texts)

    def keyed_hash(self, value: str) -> str:
        return hmac.new(b"a key of tests", value.encode(), hashlib.sha256).hexdigest()
