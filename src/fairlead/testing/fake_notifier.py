"""A Notifier that keeps what it delivered."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.errors import Failed, Unreachable
from fairlead.ports.notifier import CommitStatus, Mail, Notice, Webhook


@dataclass(frozen=True, slots=True)
class Delivered:
    """One delivery."""

    notice: Notice
    to: Mail | Webhook | CommitStatus
    key: str


class FakeNotifier:
    """A Notifier. `refuses` and `is_gone` make the other side say no, or nothing."""

    def __init__(self) -> None:
        self.delivered: list[Delivered] = []
        self.refuses = False
        self.is_gone = False

    async def deliver(self, notice: Notice, to: Mail | Webhook | CommitStatus, *, key: str) -> None:
        """Kept."""
        if self.is_gone:
            raise Unreachable("notification.failed", "the receiver cannot be reached")
        if self.refuses:
            raise Failed("notification.failed", "the receiver said no")
        self.delivered.append(Delivered(notice, to, key))
