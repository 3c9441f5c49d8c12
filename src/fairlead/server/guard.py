"""What stands before every request: the limit of its body, an id for the logs, and headers that protect browsers."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fairlead.domain.errors import FairleadError, Invalid, TooLarge
from fairlead.server.problems import MEDIA_TYPE, body_of

NOTHING: Mapping[str, int] = {}
MOST_READ_OFF_BYTES = 64 * 1024 * 1024
READ_OFF_S = 10.0
"""What is still taken, and dropped, of a body that is refused: a connection that is closed on its sender takes the
answer with it, and many clients look for none before they have sent all."""
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
    """ASGI middleware: refuses bodies over the limit with 413, also when no length was declared. `larger` path → a
    limit of its own."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body_bytes: int,
        new_id: Callable[[], str],
        larger: Mapping[str, int] = NOTHING,
    ) -> None:
        self._app = app
        self._max = max_body_bytes
        self._larger = larger
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given if _REQUEST_ID.fullmatch(given) else self._new_id().encode()
        scope.setdefault("state", {})["request_id"] = request_id.decode()
        answer = _Answer(send, [*PROTECTION, (b"x-request-id", request_id)])
        refused = self._refused(scope, headers.get(b"content-length", b"0"))
        if refused is not None:
            is_sent = isinstance(refused, TooLarge) and b"expect" not in headers
            await answer.refuse(refused, receive if is_sent else None)
            return
        await self._pass(scope, receive, answer)

    async def _pass(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        seen, most = 0, self._most(scope)
        rest: Receive | None = receive

        async def counted() -> Message:
            nonlocal seen, rest
            message = await receive()
            if not message.get("more_body"):
                rest = None
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > most:
                    answer.is_cut = True
                    raise _too_large(most)
            return message

        try:
            await self._app(scope, counted, answer.send)
        except TooLarge:
            if not answer.is_cut:
                raise
        if answer.is_cut:
            await answer.refuse(_too_large(most), rest)

    def _refused(self, scope: Scope, declared: bytes) -> FairleadError | None:
        most = self._most(scope)
        if declared.isdigit() and int(declared) > most:
            return _too_large(most)
        if "\0" in scope["path"] or b"%00" in scope.get("query_string", b""):
            return Invalid("input.invalid", "the address holds a NUL character")
        return None

    def _most(self, scope: Scope) -> int:
        return self._larger.get(scope["path"], self._max)


def _too_large(most: int) -> TooLarge:
    return TooLarge("input.too_large", f"the body is over the limit of {most:,} bytes")


@dataclass(slots=True)
class _Answer:
    """The answer on its way out. Once `is_cut`, what the application makes of a cut body is not told; ours is."""

    out: Send
    more: Iterable[tuple[bytes, bytes]]
    is_cut: bool = False
    is_begun: bool = False

    async def send(self, message: Message) -> None:
        if self.is_cut and not self.is_begun:
            return
        if message["type"] == "http.response.start":
            self.is_begun = True
            message["headers"] = [*message.get("headers", []), *self.more]
        await self.out(message)

    async def refuse(self, error: FairleadError, rest: Receive | None) -> None:
        """Our answer, where none has begun; then `rest`, what is still sent, is read off before the end."""
        if self.is_begun:
            return
        self.is_cut = False
        body = json.dumps(body_of(error)).encode()
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": error.http_status, "headers": headers})
        if rest is not None:
            await self.send({"type": "http.response.body", "body": body, "more_body": True})
            await _read_off(rest)
            body = b""
        await self.send({"type": "http.response.body", "body": body})


async def _read_off(rest: Receive) -> None:
    left = MOST_READ_OFF_BYTES
    try:
        async with asyncio.timeout(READ_OFF_S):
            while left > 0:
                message = await rest()
                if not message.get("more_body"):
                    return
                left -= len(message.get("body", b""))
    except TimeoutError:
        return
