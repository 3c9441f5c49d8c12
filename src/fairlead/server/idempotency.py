"""Idempotency-Key: a POST that is repeated with its key is answered as the first time, and done once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import cast

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fairlead.domain.errors import FairleadError, Invalid
from fairlead.domain.record import Json
from fairlead.server.problems import MEDIA_TYPE, body_of
from fairlead.store import idempotency
from fairlead.usecases.context import Context

LONGEST_KEY = 200
LARGEST_ANSWER = 256 * 1024
RETRY_AFTER_S = "1"
HOOKS = "/hooks/"
"""Whoever calls there is known by the signature alone, which comes first; deliveries have ids of their own."""
NO_HEADERS: Mapping[str, str] = {}
SHOWN_ONCE = ("key", "password", "webhook_secret", "access_token")


class Idempotency:
    """ASGI middleware. A request that ended in an error may be tried again with its key; secrets that are shown once
    are not kept, so a repeat is answered without them."""

    def __init__(self, app: ASGIApp, *, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        key = headers.get("idempotency-key", "")
        if not key or scope["method"] != "POST" or scope["path"].startswith(HOOKS):
            await self._app(scope, receive, send)
            return
        body = await _whole(receive)
        if body is None:
            await _refuse(send, Invalid("input.invalid", "the request was cut: half of a body is not carried out"))
            return
        who = hashlib.sha256((headers.get("authorization", "") + headers.get("cookie", "")).encode()).hexdigest()
        digest = hashlib.sha256(f"{scope['path']}?{scope['query_string'].decode()}\n".encode() + body).hexdigest()
        request = self._context.secrets.keyed_hash(digest)  # a body may hold a password, which a bare hash gives away
        try:
            kept = await self._begin(who, key, request)
        except FairleadError as error:
            await _refuse(send, error)
            return
        if kept is not None:
            await _answer(send, kept.status, json.dumps(kept.body).encode(), "application/json")
            return
        await self._first(scope, _again(body, receive), send, who, key)

    async def _begin(self, who: str, key: str, request: str) -> idempotency.Answer | None:
        if len(key) > LONGEST_KEY or not key.isprintable():
            raise Invalid("input.invalid", "the Idempotency-Key is too long or not printable", thing="Idempotency-Key")
        at = self._context.clock.now()
        return await self._context.database.write(
            lambda connection: idempotency.begin(connection, actor=who, key=key, request=request, at=at)
        )

    async def _first(self, scope: Scope, receive: Receive, send: Send, who: str, key: str) -> None:
        answered = bytearray()
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body" and len(answered) <= LARGEST_ANSWER:
                answered.extend(message.get("body", b""))
            await send(message)

        asked = idempotency.asked_with.set((who, key))
        try:
            await self._app(scope, receive, watched)
        except Exception:
            await self._finish(who, key, 500, bytes(answered))
            raise
        finally:
            idempotency.asked_with.reset(asked)
        await self._finish(who, key, status, bytes(answered))  # not where it was cut off: a thread may go on with it

    async def _finish(self, who: str, key: str, status: int, answered: bytes) -> None:
        shown = _kept_answer(status, answered)
        if shown is None:
            await self._context.database.write(lambda connection: idempotency.forget(connection, actor=who, key=key))
            return
        await self._context.database.write(
            lambda connection: idempotency.finish(connection, actor=who, key=key, status=status, body=shown)
        )


def _kept_answer(status: int, answered: bytes) -> Json:
    """The answer's JSON, secrets that are shown once left out; None where the request should be done again."""
    if status >= 400:
        return None
    try:
        shown = json.loads(answered) if answered else {}
    except ValueError:
        return {}
    if isinstance(shown, dict):
        shown = {name: value for name, value in shown.items() if name not in SHOWN_ONCE}
    return cast("Json", shown)


async def _whole(receive: Receive) -> bytes | None:
    """The body; None where the client went before its end."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body that was read, once; then what comes from the client, which is that it goes."""
    parts = [body]

    async def replay() -> Message:
        return {"type": "http.request", "body": parts.pop(), "more_body": False} if parts else await receive()

    return replay


async def _refuse(send: Send, error: FairleadError) -> None:
    again = {"retry-after": RETRY_AFTER_S} if error.code == idempotency.UNDER_WAY else {}
    await _answer(send, error.http_status, json.dumps(body_of(error)).encode(), MEDIA_TYPE, again)


async def _answer(send: Send, status: int, body: bytes, media_type: str, more: Mapping[str, str] = NO_HEADERS) -> None:
    headers = {"content-type": media_type, "content-length": str(len(body)), **more}
    lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})
