"""HTTP over the engine's socket: version negotiation, bounded answers, and errors that are told in our words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from fairlead.adapters.engines.docker.errors import EngineSaidNo
from fairlead.domain.errors import Failed, TimedOut, Unreachable

NEWEST_API = (1, 47)
"""The newest API whose reference was read for this adapter; a newer engine is asked to speak this one."""

CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 30.0
"""A question (GET) is answered within milliseconds, on a very busy host within seconds. What changes something is
bounded by who asks for it: a stop lasts as long as the container's grace."""
CLOSE_TIMEOUT_S = 2.0
CONNECTIONS = 512  # one for each container whose end or output is awaited, and some to spare
ANSWER_BYTES = 64 * 1024 * 1024  # a list of thousands of containers is a few MB
ERROR_BYTES = 64 * 1024

Body = bytes | AsyncIterable[bytes]


class EngineClient:
    """One engine behind one Unix socket; `known_as` is how people are told of it, `why_not` what else is known of why
    the socket does not lead there ("": nothing).

    Usable from several event loops at once; `close` ends the connections of all, and is called before a loop ends.
    """

    def __init__(
        self,
        socket: str,
        *,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        known_as: str = "",
        why_not: Callable[[], str] = lambda: "",
    ) -> None:
        self.socket = socket
        self._known_as = known_as or socket
        self._why_not = why_not
        self._connect_timeout_s = connect_timeout_s
        self._answer_timeout_s = answer_timeout_s
        self._sessions: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}
        self._api = ""

    async def close(self) -> None:
        """No connection is open any more; a later call opens new ones."""
        here = asyncio.get_running_loop()
        sessions, self._sessions = self._sessions, {}
        for loop, session in sessions.items():
            if loop is here:
                await session.close()
            elif loop.is_closed():
                with suppress(RuntimeError):  # its connections ended with it; only our side is left to be told
                    await session.close()
            elif loop.is_running():
                closing = asyncio.run_coroutine_threadsafe(session.close(), loop)
                await asyncio.wait([asyncio.wrap_future(closing)], timeout=CLOSE_TIMEOUT_S)

    async def version(self) -> dict[str, Any]:
        """What `/version` says; also settles which API version is spoken."""
        async with self._in_time("GET", "/version"), self._open("GET", "/version") as response:
            told: dict[str, Any] = _object(await _json_of(response))
        self._api = negotiate(str(told.get("ApiVersion", "")), str(told.get("MinAPIVersion", "")))
        return told

    async def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        body: object = None,
        thing: str = "",
    ) -> Any:
        """The answer's JSON (None where it has none). Raises `EngineSaidNo` for 304 and from 400 on, and TimedOut
        `engine.unreachable` where a question is not answered within the bound."""
        async with (
            self._in_time(method, path),
            self.stream(method, path, params=params, body=body, thing=thing) as response,
        ):
            return await _json_of(response)

    async def change(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        body: object = None,
        thing: str = "",
    ) -> Any:
        """As `ask`, of a change that the engine carries out whether or not somebody still waits for its answer: who is
        cancelled meanwhile ends with that answer, so that what is looked at then is so."""
        asked = asyncio.ensure_future(self.ask(method, path, params=params, body=body, thing=thing))
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:
            await asyncio.wait({asked})
            raise
        finally:
            if not asked.done():
                asked.cancel()
            elif not asked.cancelled():
                asked.exception()  # told to whoever was not cancelled

    @asynccontextmanager
    async def _in_time(self, method: str, path: str) -> AsyncIterator[None]:
        """A question is answered within its bound, all of it."""
        bound_s = self._answer_timeout_s if method == "GET" else None
        try:
            async with asyncio.timeout(bound_s):
                yield
        except TimeoutError as error:
            if bound_s is None:
                raise
            raise TimedOut(
                "engine.unreachable",
                f"the container engine at {self._known_as} did not answer {method} {path} within {bound_s:g} s",
                thing=self._known_as,
                hint="it is very busy, or hangs: ask it by hand (docker ps), and see its log",
            ) from error

    async def versioned(self, path: str) -> str:
        """The path as the engine is asked for it, in the version that both speak."""
        if not self._api:
            await self.version()
        return f"/v{self._api}{path}"

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        body: object = None,
        data: Body | None = None,
        headers: Mapping[str, str] | None = None,
        thing: str = "",
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer while it comes in, closed at the end of the block. Errors as with `ask`."""
        target = await self.versioned(path)
        sent = dict(headers or {})
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        async with self._open(method, target, params=query(params), data=data, headers=sent) as response:
            if response.status == 304 or response.status >= 400:
                raise EngineSaidNo(response.status, await _words_of(response), thing)
            yield response

    @asynccontextmanager
    async def _open(
        self,
        method: str,
        path: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        data: Body | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        url = URL("http://engine" + path, encoded=True)
        try:
            async with self._session().request(method, url, params=params, data=data, headers=headers) as response:
                yield response
        except aiohttp.ClientError as error:  # its own OSErrors and timeouts among them; not those of our caller
            raise Unreachable(
                "engine.unreachable",
                f"the container engine at {self._known_as} does not answer: {self._why_not() or _why(error)}",
                thing=self._known_as,
                hint="is it running, and may Fairlead use its socket?",
            ) from error

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None or session.closed:
            session = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(self.socket, limit=CONNECTIONS),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_timeout_s),
                headers={"Accept-Encoding": "identity"},  # archives would come zipped, for nothing on one machine
            )
            self._sessions[loop] = session
        return session


def _why(error: aiohttp.ClientError) -> str:
    """In words: the library's own are the insides of its parser where an answer broke off."""
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError):
        return "it closed the connection in the middle of its answer"
    if isinstance(error, aiohttp.ClientResponseError):
        return f"its answer is not HTTP: {error.message[:200]}"
    return str(error) or type(error).__name__


def negotiate(newest_there: str, oldest_there: str) -> str:
    """The newest API that both speak."""
    there, least = _numbers(newest_there), _numbers(oldest_there)
    major, minor = max(min(there, NEWEST_API), least)
    return f"{major}.{minor}"


def _numbers(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        return (1, 24)
    return int(major), int(minor)


def part(name: str) -> str:
    """A name as one part of a path, whatever it holds."""
    return quote(name, safe="")


def query(params: Mapping[str, object] | None) -> list[tuple[str, str]]:
    """Query parameters as the engine reads them: booleans as 1 and 0, mappings and lists as JSON, tuples repeated."""
    return [
        (key, _parameter(value))
        for key, held in (params or {}).items()
        for value in (held if isinstance(held, tuple) else (held,))
    ]


def _parameter(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return value if isinstance(value, str) else json.dumps(value)


async def _json_of(response: aiohttp.ClientResponse) -> Any:
    content = await _read(response, ANSWER_BYTES)
    if not content.strip():
        return None
    try:
        return json.loads(content, object_hook=_Told)
    except ValueError as error:
        raise Failed("engine.failed", f"the engine's answer is not JSON: {content[:200]!r}") from error


class _Told(dict[str, Any]):
    """An object of the engine's: what is missing in it is the engine's failure, not a bug of ours."""

    def __missing__(self, key: str) -> Any:
        raise Failed("engine.failed", f"the engine's answer has no {key!r}: {str(dict(self))[:200]}")


def _object(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise Failed("engine.failed", f"the engine's answer is not an object: {str(told)[:200]!r}")
    return told


async def _words_of(response: aiohttp.ClientResponse) -> str:
    content = await _read(response, ERROR_BYTES)
    try:
        told = json.loads(content)
    except ValueError:
        return content.decode(errors="replace").strip()
    return str(told.get("message", told)) if isinstance(told, dict) else str(told)


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > limit:
            raise Failed("engine.failed", f"the engine's answer is larger than {limit} bytes")
    return bytes(content)


async def messages(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """The JSON objects of a progress stream (build, pull, push), one for each line, however long."""
    rest = bytearray()
    async for chunk in response.content.iter_any():
        rest += chunk
        while (end := rest.find(b"\n")) >= 0:
            line = bytes(rest[:end]).strip()
            del rest[: end + 1]
            if line:
                yield _message(line)
        if len(rest) > ANSWER_BYTES:
            raise Failed("engine.failed", "a line of the engine's progress is too long")
    if rest.strip():
        yield _message(bytes(rest))


def _message(line: bytes) -> dict[str, Any]:
    try:
        return _object(json.loads(line, object_hook=_Told))
    except ValueError as error:
        raise Failed("engine.failed", f"a line of the engine's progress is not JSON: {line[:200]!r}") from error
