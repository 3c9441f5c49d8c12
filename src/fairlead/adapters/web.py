"""The web, asked with httpx2: bounded in time and in what is read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx2

from fairlead.adapters.no_answer import why
from fairlead.domain.errors import Invalid, Unreachable
from fairlead.ports.web import NO_HEADERS, WebAnswer

READ_BYTES = 65_536
USER_AGENT = {"User-Agent": "fairlead"}


class HttpWeb:
    """ports.web.Web."""

    async def get(self, url: str, *, timeout_s: float) -> WebAnswer:
        """As the port says."""
        return await _asked("GET", url, timeout_s, headers=USER_AGENT)

    async def post(
        self, url: str, fields: Mapping[str, str], *, timeout_s: float, headers: Mapping[str, str] = NO_HEADERS
    ) -> WebAnswer:
        """As the port says."""
        sent = {**USER_AGENT, "Accept": "application/json", **headers}
        return await _asked("POST", url, timeout_s, headers=sent, data=dict(fields))


async def _asked(method: str, url: str, timeout_s: float, **sent: object) -> WebAnswer:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Invalid("input.invalid", f"{url[:80]!r} is no http address", thing="url")
    where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    try:
        async with asyncio.timeout(timeout_s), httpx2.AsyncClient(timeout=timeout_s) as client:
            return await _read(client, method, url, sent)
    except TimeoutError as error:
        raise Unreachable("host.unreachable", f"{where} gave no answer within {timeout_s:g} s", thing=where) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError) as error:
        raise Unreachable("host.unreachable", f"{where} cannot be reached: {why(error)}", thing=where) from error


async def _read(client: httpx2.AsyncClient, method: str, url: str, sent: Mapping[str, object]) -> WebAnswer:
    async with client.stream(method, url, **sent) as response:  # type: ignore[arg-type]
        held = b""
        async for chunk in response.aiter_bytes():
            held += chunk
            if len(held) > READ_BYTES:
                break
        text = held[:READ_BYTES].decode("utf-8", "replace")
        return WebAnswer(response.status_code, text, is_whole=len(held) <= READ_BYTES)
