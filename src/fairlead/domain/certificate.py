"""A TLS certificate that was given for a host; the key is a secret version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

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
        left = self.not_after - now
        due = next((days for days in sorted((0, *WARN_DAYS)) if left <= timedelta(days=days)), None)
        is_new = due is not None and (self.warned_days is None or due < self.warned_days)
        return due if is_new else None

    def end_words(self, now: datetime) -> str:
        """When it ends, or ended, in words."""
        if self.not_after <= now:
            return f"the certificate of {self.host} ended on {self.not_after:%Y-%m-%d}: browsers refuse the host"
        days = (self.not_after - now).days
        when = "today or tomorrow" if days < 1 else f"in {days} day{'s' if days > 1 else ''}"
        return f"the certificate of {self.host} ends {when}, on {self.not_after:%Y-%m-%d %H:%M} UTC"
