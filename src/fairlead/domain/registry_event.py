"""A registry's notification that an image was pushed (CNCF Distribution, "Notifications")."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.domain.errors import Invalid, NotAuthenticated, TooLarge
from fairlead.domain.webhook import MAX_BODY_BYTES

MANIFESTS = frozenset(
    {
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
MAX_EVENTS = 1000
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+|/)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Push:
    """A tag of a repository names a manifest from now on. `id` is the event's, the same over repeated deliveries."""

    id: str
    repository: str
    tag: str
    digest: str


def read_pushes(token: str, headers: Mapping[str, str], body: bytes) -> tuple[Push, ...]:
    """The pushes of tagged manifests among the events, each once; pulls, blobs and untagged manifests say nothing.

    `NotAuthenticated("webhook.signature")` without ``Authorization: Bearer <token>``; `Invalid("input.invalid")` for a
    body that is no list of events.
    """
    if len(body) > MAX_BODY_BYTES:
        raise TooLarge("input.too_large", f"the body has {len(body)} bytes", hint=f"at most {MAX_BODY_BYTES}")
    given = next((text for name, text in headers.items() if name.lower() == "authorization"), "")
    if not token or not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), f"Bearer {token}".encode()):
        raise NotAuthenticated("webhook.signature", "the notification's token is missing or wrong")
    try:
        events = json.loads(body)["events"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Invalid("input.invalid", "the body is not a registry notification") from error
    if not isinstance(events, list):
        raise Invalid("input.invalid", "the body is not a registry notification")
    found = (_push(event) for event in events[:MAX_EVENTS])
    return tuple({push.id: push for push in found if push is not None}.values())


def _push(event: object) -> Push | None:
    if not isinstance(event, dict) or event.get("action") != "push" or not isinstance(event.get("target"), dict):
        return None
    target = event["target"]
    texts = [event.get("id"), target.get("repository"), target.get("tag"), target.get("digest")]
    if target.get("mediaType") not in MANIFESTS or not all(isinstance(text, str) and text for text in texts):
        return None
    identity, repository, tag, digest = (str(text) for text in texts)
    if not (_REPOSITORY.fullmatch(repository) and _TAG.fullmatch(tag) and _DIGEST.fullmatch(digest)):
        return None
    return Push(identity[:200], repository, tag, digest)
