"""A TLS certificate that was given for a host; the key is a secret version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fairlead.domain.ending import ends_in_words, stage
from fairlead.domain.ids import SecretVersionId

WARN_DAYS = (21, 7, 1)
"""How long before a certificate's end it is told. Clients of ACME renew a month before it, so that three weeks before
something has failed, and there is time to mend it."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """`chain` is PEM, leaf first; `fingerprint` is SHA-256 of the leaf, hexadecimal. `warned_days` is the last of
    `WARN_DAYS` that was told of, 0 once it is told that it ended; None of one that is new."""

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
    warned_days: int | None = None

    def is_ending(self, now: datetime) -> bool:
        """Whether its end is near, or past."""
        return self.not_after - now <= timedelta(days=max(WARN_DAYS))

    def warning(self, now: datetime) -> int | None:
        """How many days before its end (0: it ended) it is time to tell of now; None where nothing is new."""
        return stage(self.not_after, now, WARN_DAYS, self.warned_days)

    def end_words(self, now: datetime) -> str:
        """When it ends, or ended, in words."""
        if self.not_after <= now:
            return f"the certificate of {self.host} ended on {self.not_after:%Y-%m-%d}: browsers refuse the host"
        return f"the certificate of {self.host} {ends_in_words(self.not_after, now)}"
