"""One bounded HTTP request to somebody else's server: no redirects, little read of the answer, no secret in errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2

from fairlead.adapters.no_answer import why
from fairlead.domain.errors import Failed, Invalid, Unreachable

DELIVERY_TIMEOUT_S = 20.0
ANSWER_BYTES = 2048
SHOWN_LENGTH = 200
MARK = "•••"
LONGER_WORD = 8
"""Words of a header's value from that length on are secret by themselves: ``Bearer`` is none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said; `text` is the beginning of it."""

    status: int
    text: str


async def ask(url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float) -> Answer:
    """POST, and the answer whatever its status. `Unreachable("notification.failed")` where there is none in time."""
    where = place_of(url)
    try:
        async with asyncio.timeout(timeout_s), httpx2.AsyncClient(timeout=timeout_s, follow_redirects=False) as client:
            sent = {**headers, "Content-Type": "application/json", "User-Agent": "fairlead"}
            async with client.stream("POST", url, content=body, headers=sent) as response:
                held = b""
                async for chunk in response.aiter_bytes():
                    held += chunk
                    if len(held) >= ANSWER_BYTES:
                        break
                return Answer(response.status_code, held[:ANSWER_BYTES].decode("utf-8", "replace"))
    except TimeoutError as error:
        raise Unreachable(
            "notification.failed", f"{where} gave no answer within {timeout_s:g} s", thing=where
        ) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError) as error:
        raise Unreachable("notification.failed", f"{where} cannot be reached: {why(error)}", thing=where) from error


def refused(url: str, answer: Answer, *, hint: str = "", hidden: Iterable[str] = ()) -> Failed:
    """The error for an answer other than yes; the query and path of the address are left out, they may hold tokens, and
    of `hidden` values nothing is shown where the answer says them again."""
    where = place_of(url)
    text = _without(answer.text, hidden)
    said = "".join(letter if letter.isprintable() else " " for letter in text)[:SHOWN_LENGTH].strip()
    words = f"{where} answered {answer.status}" + (f": {said}" if said else "")
    return Failed("notification.failed", words, thing=where, hint=hint)


def _without(text: str, hidden: Iterable[str]) -> str:
    """The text with a mark in the place of each value, as it is or in JSON, and of the longer words of one
    (``Bearer …``)."""
    whole = {form for value in hidden if value for form in (value, json.dumps(value)[1:-1])}
    forms = whole | {word for form in whole for word in form.split() if len(word) >= LONGER_WORD}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, MARK)
    return text


def place_of(url: str) -> str:
    """Scheme and host, for people; Invalid `input.invalid` for what is not an http address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Invalid("input.invalid", "the address of a notification is not a URL") from error
    if parts.scheme not in ("http", "https") or not host or any(letter.isspace() for letter in url):
        raise Invalid("input.invalid", "the address of a notification is not an http(s) URL", hint="https://host/path")
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")
