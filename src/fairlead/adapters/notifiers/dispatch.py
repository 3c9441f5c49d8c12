"""The one Notifier: hands each notice to what knows its place."""

from __future__ import annotations

import hashlib
from typing import assert_never

from fairlead.adapters.notifiers.chat import say
from fairlead.adapters.notifiers.forge import report
from fairlead.adapters.notifiers.mail import MailServer, send
from fairlead.adapters.notifiers.posting import DELIVERY_TIMEOUT_S
from fairlead.adapters.notifiers.webhook import post
from fairlead.domain.errors import Failed
from fairlead.ports.clock import Clock
from fairlead.ports.notifier import Chat, CommitStatus, Mail, Notice, Webhook


class Dispatch:
    """A Notifier. Without a mail server, mail is refused in words; one delivery takes at most `timeout_s`."""

    def __init__(
        self, clock: Clock, *, mail_server: MailServer | None = None, timeout_s: float = DELIVERY_TIMEOUT_S
    ) -> None:
        self._clock = clock
        self._mail_server = mail_server
        self._timeout_s = timeout_s

    async def deliver(self, notice: Notice, to: Mail | Webhook | CommitStatus | Chat, *, key: str) -> None:
        """Handed over to the other side, which acknowledged it."""
        message = "msg_" + hashlib.sha256(key.encode()).hexdigest()[:32]
        match to:
            case Mail():
                if self._mail_server is None:
                    raise Failed(
                        "notification.failed",
                        "no mail server is set",
                        thing=", ".join(to.to),
                        hint="set smtp_host and smtp_from in the server's settings",
                    )
                await send(self._mail_server, notice, to, message, self._clock.now(), timeout_s=self._timeout_s)
            case Webhook():
                await post(notice, to, message, self._clock.now(), timeout_s=self._timeout_s)
            case CommitStatus():
                await report(notice, to, timeout_s=self._timeout_s)
            case Chat():
                await say(notice, to, timeout_s=self._timeout_s)
            case other:
                assert_never(other)
