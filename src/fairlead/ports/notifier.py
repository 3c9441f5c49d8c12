"""Telling people: mail, webhooks, and commit statuses back to where the commit came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from fairlead.domain.record import Json


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened, in words. `event` is one of deployment.failed, deployment.rolled_back, approval.waiting, …

    A webhook is sent `payload` where there is one, and else the words."""

    event: str
    subject: str
    body: str
    link: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    payload: Json = None


@dataclass(frozen=True, slots=True)
class Mail:
    """Deliver by e-mail to these addresses."""

    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Webhook:
    """POST as a signed Standard Webhooks request; `secret` in clear, only inside an effect, and so are the values of
    `headers`, which are sent with it where ours say nothing of that name. No error shows any of them."""

    url: str
    secret: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """Report on a commit at a forge. `api_url` is its base, `repository` ``owner/name`` (GitLab: id or path)."""

    forge: Literal["github", "gitea", "gitlab"]
    api_url: str
    repository: str
    commit: str
    state: Literal["pending", "success", "failure", "error"]
    context: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class Chat:
    """Say it in a channel, by the address of its incoming webhook: a secret, in clear only inside an effect."""

    url: str
    flavour: Literal["slack", "teams"]


class Notifier(Protocol):
    """Delivers one notice to one place. A delivery that failed raises `Unreachable`/`Failed("notification.failed")`.

    `key` stays the same over repeats and travels along (message id, webhook-id), so that receivers can drop doubles.
    """

    async def deliver(self, notice: Notice, to: Mail | Webhook | CommitStatus | Chat, *, key: str) -> None:
        """Handed over to the other side, which acknowledged it."""
        ...
