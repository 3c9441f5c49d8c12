"""Secret values: immutable versions, fetched at the last moment by the effect that needs them (law 8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from fairlead.domain.ids import SecretVersionId, TaskId


class Secrets(Protocol):
    """Reads secret versions for effects.

    `values` also registers each value that it hands out with the task's mask, so that no line of this task's log
    written from then on shows it (as it is, nor as base64, URL-encoded or JSON-escaped). Unknown ids raise
    `NotFound("variable.missing")`. The values are never kept by callers longer than the effect.
    """

    async def values(self, task: TaskId, versions: Iterable[SecretVersionId]) -> Mapping[SecretVersionId, str]:
        """The values in clear, by id."""
        ...

    async def keep_told(self, task: TaskId, name: str, value: str, *, at: datetime) -> SecretVersionId:
        """A value that the task came by itself (a script told it) is a secret version, handed to the task and masked
        like the others; the same one where the task keeps the same value under the name again. `name` is for people."""
        ...

    async def masked(self, task: TaskId, texts: Sequence[str]) -> Sequence[str]:
        """The texts with a mark in the place of each value that the task was handed: for evidence and artifacts, which
        no log masks."""
        ...

    def keyed_hash(self, value: str) -> str:
        """HMAC-SHA256 under a key derived from the master key, hexadecimal: what captures show instead of a secret."""
        ...
