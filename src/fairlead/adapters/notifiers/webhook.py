"""A notice as a webhook, signed by Standard Webhooks where a secret is given."""

from __future__ import annotations

import json
from datetime import datetime

from fairlead.adapters.notifiers.posting import ask, refused
from fairlead.domain.webhook import sign
from fairlead.ports.notifier import Notice, Webhook


async def post(notice: Notice, to: Webhook, message: str, at: datetime, *, timeout_s: float) -> None:
    """Posted and answered with 2xx. The same message id over repeats, a fresh time and signature each."""
    said = payload(notice, at) if notice.payload is None else notice.payload
    body = json.dumps(said, ensure_ascii=False).encode()
    timestamp_s = int(at.timestamp())
    headers = {**to.headers, "webhook-id": message, "webhook-timestamp": str(timestamp_s)}
    if to.secret:
        headers["webhook-signature"] = sign(to.secret, message, timestamp_s, body)
    answer = await ask(to.url, body, headers, timeout_s=timeout_s)
    if not 200 <= answer.status < 300:
        hint = "a webhook's receiver answers 2xx; it is tried again later"
        raise refused(to.url, answer, hint=hint, hidden=(to.secret, *to.headers.values()))


def payload(notice: Notice, at: datetime) -> dict[str, object]:
    """``{"type", "timestamp", "data": {"subject", "body", "link", "facts"}}``, as Standard Webhooks recommends."""
    data = {"subject": notice.subject, "body": notice.body, "link": notice.link, "facts": dict(notice.facts)}
    return {"type": notice.event, "timestamp": at.isoformat(), "data": data}
