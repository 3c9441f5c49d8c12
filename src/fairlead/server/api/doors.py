"""What every route begins with: the server's parts, and who asks."""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass
from typing import Annotated, TypeAlias, cast

from fastapi import Depends, Header, Query, Request, Response

from fairlead.domain.actor import Actor
from fairlead.domain.client_address import client_address, networks
from fairlead.domain.errors import NotAllowed, NotAuthenticated
from fairlead.server.bootstrap import Server
from fairlead.server.life import Life
from fairlead.usecases import access
from fairlead.usecases.context import Context

COOKIE = "fairlead_session"
CSRF_HEADER = "x-csrf-token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def life_of(request: Request) -> Life:
    """The running server."""
    return cast("Life", request.app.state.life)


def server_of(request: Request) -> Server:
    """Its parts."""
    return life_of(request).server


def context_of(request: Request) -> Context:
    """What use cases work with."""
    return server_of(request).context


def address_of(request: Request) -> str:
    """Where the request comes from; what a proxy says is believed only of those in the settings."""
    peer = request.client.host if request.client else ""
    trusted = networks(server_of(request).settings.trusted_proxies)
    told = ",".join(request.headers.getlist("x-forwarded-for"))  # a proxy may add a line of its own
    return client_address(peer, told, trusted)


async def actor_of(request: Request) -> Actor:
    """Who asks: by API key, or by a browser's session with its token; NotAuthenticated `auth.required`."""
    actor = await _who_asks(request)
    request.state.actor = actor
    return actor


async def _who_asks(request: Request) -> Actor:
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    context, address = context_of(request), address_of(request)
    if kind.lower() == "bearer" and text:
        actor = await asyncio.to_thread(access.by_key, context, text.strip(), address=address)
        if actor is not None:
            return actor
        raise NotAuthenticated("auth.required", "the API key opens nothing: wrong, expired or revoked")
    found = await visit_of(request)
    if found is None:
        raise NotAuthenticated("auth.required", "sign in, or give an API key", hint="Authorization: Bearer KEY")
    given = request.headers.get(CSRF_HEADER, "").encode()
    if request.method not in SAFE and not hmac.compare_digest(given, found.session.csrf.encode()):
        raise NotAllowed("auth.csrf", "the request lacks the token of its page")
    return found.actor


async def visit_of(request: Request) -> access.Visit | None:
    """Who the browser's session is of; None where there is none."""
    cookie = request.cookies.get(COOKIE, "")
    if not cookie:
        return None
    return await asyncio.to_thread(access.by_cookie, context_of(request), cookie, address=address_of(request))


def number_of(text: str) -> int | None:
    """The whole number that a header or a form's field holds; None where it is none, or is longer than any of ours."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def revision_of(if_match: str | None) -> int | None:
    """The revision that If-Match names; one that we never gave fits nothing (RFC 9110 §13.1.1)."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = number_of(if_match.strip().strip('"'))
    return -1 if found is None else found


Asking = Annotated[Actor, Depends(actor_of)]
Parts = Annotated[Server, Depends(server_of)]
Books = Annotated[Context, Depends(context_of)]
After = Annotated[str | None, Query(description="the cursor that `next` of the part before gave")]
IfMatch = Annotated[str | None, Header(description='the ETag that was read: "3"')]
Limit = Annotated[int, Query(ge=1, le=500, description="how many at most")]

MOST_NUMBER = 2**31 - 1
"""The largest number that a database compares."""
AfterLine = Annotated[int, Query(ge=0, le=MOST_NUMBER, description="the number of the last line that is known")]

Search: TypeAlias = Annotated[str, Query(max_length=200, description="only names that have this in them")]


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a list is asked for."""

    search: str
    after: str | None
    limit: int


def part_of(search: Search = "", after: After = None, limit: Limit = 50) -> Part:
    """As the query says it."""
    return Part(search, after, limit)


Asked = Annotated[Part, Depends(part_of)]


def tag(response: Response, revision: int) -> None:
    """The answer's ETag: what If-Match has to hold for the thing to be changed only as it was read."""
    response.headers["ETag"] = f'"{revision}"'
