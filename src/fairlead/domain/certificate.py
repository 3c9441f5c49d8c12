"""A TLS certificate that was given for a host; the key is a secret version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fairlead.domain.ids import SecretVersionId


@dataclass(frozen=True, slots=True)
class Certificate:
    """`chain` is PEM, leaf first; `fingerprint` is SHA-256 of the leaf, hexadecimal."""

    id: str
    host: str
    chain: str
    key: SecretVersionId
    fingerprint: str
    not_before: datetime
    not_after: datetime
    created_at: datetime
    created_by: str = ""
    revision: int = 1
