"""Webhooks as they come in and go out: whose they are, decided over the raw body, and what they hint at.

A webhook only says *look*: nothing is taken from its body but a hint which branch may have moved. The repository itself
is asked what is so, so that a replayed, reordered or forged-by-the-forge body can start nothing that is not there.

    sender            authenticity, each over the raw body                               delivery id
    GitHub            X-Hub-Signature-256: sha256=<hex HMAC-SHA256>                      X-GitHub-Delivery
    Gitea, Forgejo    X-Forgejo-Signature, else X-Gitea-Signature: <hex HMAC-SHA256>     X-Forgejo-/X-Gitea-Delivery
    GitLab            Standard Webhooks where signed, else X-Gitlab-Token: <the secret>  webhook-id, X-Gitlab-Event-UUID
    anything else     Standard Webhooks: webhook-signature: v1,<base64 HMAC-SHA256 of "id.timestamp.body">   webhook-id

(docs.github.com "Validating webhook deliveries"; forgejo.org and docs.gitea.com "Webhooks"; docs.gitlab.com "Webhooks";
standardwebhooks.com specification 1.0.)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from fairlead.domain.errors import Invalid, NotAuthenticated, TooLarge
from fairlead.domain.git_address import branch_name
from fairlead.domain.project import WebhookKind

MAX_BODY_BYTES = 5 * 1024 * 1024
TOLERANCE_S = 300
"""How far a signed timestamp may be off (Standard Webhooks); it is what bounds a replay beside the delivery id."""

KEY_LENGTH = 200
SECRET_PREFIX = "whsec_"
LEAST_KEY_BYTES = 16
"""Of a key that is told from a password by its length alone; the specification asks for 24."""

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """A genuine delivery. `branch` is the hint, None for *any*; `delivery` is unique for one delivery of the sender.

    `event` is the sender's name for it (``push``, ``ping``), for people.
    """

    branch: str | None
    delivery: str
    event: str = ""


def receive(kind: WebhookKind, secret: str, headers: Headers, body: bytes, *, now_s: float) -> Look:
    """The hint of a genuine delivery; `NotAuthenticated("webhook.signature")` for any other, and never says why.

    With kind ``generic`` the headers decide who sent it; any other kind takes that sender's form alone. An empty secret
    lets nobody in. The body may be at most MAX_BODY_BYTES.
    """
    if len(body) > MAX_BODY_BYTES:
        raise TooLarge("input.too_large", f"the body has {len(body)} bytes", hint=f"at most {MAX_BODY_BYTES}")
    held = {name.lower(): text for name, text in headers.items()}
    sender = _sender(kind, held)
    if not secret or sender is None or not _CHECKS[sender](secret, held, body, now_s):
        raise NotAuthenticated("webhook.signature", "the webhook's signature is missing or wrong")
    return Look(_branch(held, body), _delivery(sender, held, body), _event(held))


def sign(secret: str, message: str, timestamp_s: int, body: bytes) -> str:
    """The ``webhook-signature`` of Standard Webhooks for a message of that id and time."""
    return _signed(_keys(secret)[0], message, timestamp_s, body)


def _sender(kind: WebhookKind, headers: Headers) -> WebhookKind | None:
    if kind != "generic":
        return kind
    if "x-forgejo-signature" in headers or "x-gitea-signature" in headers:
        return "gitea"  # before GitHub's: Gitea and Forgejo send that header too
    if "x-hub-signature-256" in headers:
        return "github"
    if "x-gitlab-token" in headers or "x-gitlab-event" in headers:
        return "gitlab"
    return "standard" if "webhook-signature" in headers else None


def _from_github(secret: str, headers: Headers, body: bytes, now_s: float) -> bool:
    given = headers.get("x-hub-signature-256", "")
    return _same(given, "sha256=" + _hex(secret, body))


def _from_gitea(secret: str, headers: Headers, body: bytes, now_s: float) -> bool:
    given = headers.get("x-forgejo-signature", headers.get("x-gitea-signature", ""))
    return _same(given, _hex(secret, body))


def _from_gitlab(secret: str, headers: Headers, body: bytes, now_s: float) -> bool:
    if "webhook-signature" in headers:
        return _from_standard(secret, headers, body, now_s)
    return _same(headers.get("x-gitlab-token", ""), secret)


def _from_standard(secret: str, headers: Headers, body: bytes, now_s: float) -> bool:
    message, told = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message or not (told.isascii() and told.isdecimal()) or len(told) > 12:
        return False
    if abs(now_s - int(told)) > TOLERANCE_S:
        return False
    expected = [_signed(key, message, int(told), body) for key in _keys(secret)]
    given = headers.get("webhook-signature", "").split(" ")[:10]
    return any(_same(one, other) for one in given for other in expected)


_CHECKS: Mapping[WebhookKind, Callable[[str, Headers, bytes, float], bool]] = {
    "github": _from_github,
    "gitea": _from_gitea,
    "gitlab": _from_gitlab,
    "standard": _from_standard,
}


def _hex(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _signed(key: bytes, message: str, timestamp_s: int, body: bytes) -> str:
    signed = f"{message}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def _keys(secret: str) -> tuple[bytes, ...]:
    """What may have been signed with. `whsec_…` is base64, as the specification has it; any other secret is taken as it
    is, and as base64 without that beginning, as the senders' libraries take it."""
    bare = secret.removeprefix(SECRET_PREFIX)
    try:
        decoded = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError:  # binascii.Error is one
        return (secret.encode(),)
    if secret.startswith(SECRET_PREFIX) and decoded:
        return (decoded,)
    return (secret.encode(), decoded) if len(decoded) >= LEAST_KEY_BYTES else (secret.encode(),)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


_DELIVERY: Mapping[WebhookKind, tuple[str, ...]] = {
    "github": ("x-github-delivery",),
    "gitea": ("x-forgejo-delivery", "x-gitea-delivery", "x-gogs-delivery"),
    "gitlab": ("webhook-id", "idempotency-key", "x-gitlab-event-uuid"),
    "standard": ("webhook-id",),
}


def _delivery(sender: WebhookKind, headers: Headers, body: bytes) -> str:
    for name in _DELIVERY[sender]:
        if told := headers.get(name, "").strip():
            return "".join(letter for letter in told if letter.isprintable())[:KEY_LENGTH]
    return "sha256:" + hashlib.sha256(body).hexdigest()


def _event(headers: Headers) -> str:
    for name in ("x-github-event", "x-forgejo-event", "x-gitea-event", "x-gitlab-event"):
        if told := headers.get(name, ""):
            return "".join(letter for letter in told if letter.isprintable())[:50]
    return ""


def _branch(headers: Headers, body: bytes) -> str | None:
    """What the payload calls the branch; None where it names none that Git could have."""
    payload = _payload(headers, body)
    ref = payload.get("ref") if isinstance(payload, dict) else None
    if not isinstance(ref, str) or ref.startswith("refs/tags/"):
        return None
    try:
        return branch_name(ref.removeprefix("refs/heads/"))
    except Invalid:
        return None


def _payload(headers: Headers, body: bytes) -> object:
    try:
        if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return json.loads(parse_qs(body.decode(), max_num_fields=20).get("payload", ["null"])[0])
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
