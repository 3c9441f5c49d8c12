"""A notice in a channel: Slack's incoming webhooks, and Teams' workflows.

Slack takes ``{"text": …}`` (api.slack.com/messaging/webhooks); Teams a message with an adaptive card
(learn.microsoft.com, "Create incoming webhooks with Workflows for Microsoft Teams").
"""

from __future__ import annotations

import json

from fairlead.adapters.notifiers.posting import ask, refused
from fairlead.ports.notifier import Chat, Notice


async def say(notice: Notice, to: Chat, *, timeout_s: float) -> None:
    """Posted and answered with 2xx."""
    body = slack(notice) if to.flavour == "slack" else teams(notice)
    answer = await ask(to.url, json.dumps(body, ensure_ascii=False).encode(), {}, timeout_s=timeout_s)
    if not 200 <= answer.status < 300:
        raise refused(to.url, answer, hint="is the channel's webhook still there?")


def slack(notice: Notice) -> dict[str, object]:
    """Slack reads &, < and > as marks of its own."""
    words = "\n".join(part for part in (f"*{_plain(notice.subject)}*", _plain(notice.body), notice.link) if part)
    return {"text": words}


def teams(notice: Notice) -> dict[str, object]:
    """One adaptive card."""
    blocks: list[dict[str, object]] = [
        {"type": "TextBlock", "text": notice.subject, "weight": "bolder", "wrap": True},
        *({"type": "TextBlock", "text": part, "wrap": True} for part in (notice.body, notice.link) if part),
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
    }
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [content]}


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
