"""What stands before every request: the limit of its body, an id for the logs, and headers that protect browsers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fairlead.domain.errors import TooLarge
from fairlead.server.problems import MEDIA_TYPE, body_of

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

PROTECTION = (
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
        b"base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)


class Guard:
    """ASGI middleware: refuses bodies over the limit with 413, also when no length was declared."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, new_id: Callable[[], str]) -> None:
        self._app = app
        self._max = max_body_bytes
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given if _REQUEST_ID.fullmatch(given) else self._new_id().encode()
        scope.setdefault("state", {})["request_id"] = request_id.decode()

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *PROTECTION, (b"x-request-id", request_id)]
            await send(message)

        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._max:
            await self._refuse(protected)
            return
        await self._app(scope, self._counted(receive), protected)

    def _counted(self, receive: Receive) -> Receive:
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self._max:
                    raise self._error()
            return message

        return counted

    def _error(self) -> TooLarge:
        return TooLarge("input.too_large", f"the body is over the limit of {self._max:,} bytes")

    async def _refuse(self, send: Send) -> None:
        error = self._error()
        body = json.dumps(body_of(error)).encode()
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": error.http_status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
