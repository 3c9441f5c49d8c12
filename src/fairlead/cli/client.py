"""The CLI's way to the REST API: requests, problems as errors, lists over all their pages, and followed streams."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import httpx2

from fairlead import __version__
from fairlead.cli.account import Account
from fairlead.domain import errors

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 60.0

_FAMILIES: dict[int, type[errors.FairleadError]] = {
    400: errors.Invalid,
    401: errors.NotAuthenticated,
    403: errors.NotAllowed,
    404: errors.NotFound,
    409: errors.Conflict,
    413: errors.TooLarge,
    422: errors.Refused,
    429: errors.RateLimited,
    502: errors.Failed,
    503: errors.Unreachable,
    504: errors.TimedOut,
}


class Client:
    """One server, spoken to in JSON. Every method raises a `FairleadError` for whatever is no success."""

    def __init__(self, account: Account, *, transport: httpx2.BaseTransport | None = None) -> None:
        headers = {"User-Agent": f"fairlead/{__version__}", "Accept": "application/json"}
        if account.key:
            headers["Authorization"] = f"Bearer {account.key}"
        self.account = account
        self._http = httpx2.Client(
            base_url=account.url,
            headers=headers,
            timeout=httpx2.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            transport=transport,
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **query: object) -> Any:
        """The answer's JSON."""
        return self._ask("GET", path, query=query)

    def post(self, path: str, body: Mapping[str, object] | None = None, **query: object) -> Any:
        """The answer's JSON; an Idempotency-Key makes a repeat after a lost answer harmless."""
        return self._ask("POST", path, body=body or {}, query=query, headers={"Idempotency-Key": secrets.token_hex(16)})

    def put(self, path: str, body: Mapping[str, object], *, revision: int | None = None, **query: object) -> Any:
        """The answer's JSON; with `revision` only if nobody changed it since."""
        headers = {} if revision is None else {"If-Match": f'"{revision}"'}
        return self._ask("PUT", path, body=body, query=query, headers=headers)

    def put_file(self, path: str, content: BinaryIO, **query: object) -> Any:
        """The answer's JSON to the file's bytes, which are read as they are sent."""
        return self._ask("PUT", path, content=content, query=query)

    def patch(self, path: str, body: Mapping[str, object], *, revision: int | None = None) -> Any:
        """The answer's JSON; with `revision` only if the thing still has it."""
        headers = {} if revision is None else {"If-Match": f'"{revision}"'}
        return self._ask("PATCH", path, body=body, headers=headers)

    def delete(self, path: str, **query: object) -> Any:
        """The answer's JSON, None where it has none."""
        return self._ask("DELETE", path, query=query)

    def all(self, path: str, *, most: int = 1000, **query: object) -> list[Any]:
        """The items of a list, page by page, at most `most`."""
        items: list[Any] = []
        after: str | None = None
        while len(items) < most:
            page = self.get(path, **query, limit=min(100, most - len(items)), **({"after": after} if after else {}))
            items.extend(page["items"])
            after = page.get("next")
            if not after:
                break
        return items

    def raw(self, path: str) -> bytes:
        """The answer's bytes (an artifact)."""
        with _spoken(self.account):
            answer = self._http.get(path)
        self._check(answer)
        return bytes(answer.content)

    def chunks(self, path: str, **query: object) -> Iterator[bytes]:
        """The answer's bytes as they come: what may be longer than memory."""
        with _spoken(self.account), self._http.stream("GET", path, params=_clean(query)) as answer:
            if answer.status_code >= 400:
                answer.read()
            self._check(answer)
            yield from answer.iter_bytes()

    def follow(self, path: str, **query: object) -> Iterator[dict[str, Any]]:
        """Server-sent events as their JSON data, until the stream ends."""
        with (
            _spoken(self.account),
            self._http.stream(
                "GET",
                path,
                params=_clean(query),
                headers={"Accept": "text/event-stream"},
                timeout=httpx2.Timeout(None, connect=5),
            ) as answer,
        ):
            if answer.status_code >= 400:
                answer.read()
            self._check(answer)
            for line in answer.iter_lines():
                if line.startswith("data:"):
                    yield json.loads(line[5:])

    def _ask(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, object] | None = None,
        content: BinaryIO | None = None,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        with _spoken(self.account):
            answer = self._http.request(
                method, path, json=body, content=content, params=_clean(query or {}), headers=dict(headers or {})
            )
        self._check(answer)
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise errors.Failed(
                "server.unreachable",
                f"what answers at {self.account.url} is not a Fairlead server",
                hint="is the address right?",
            ) from error

    def _check(self, answer: httpx2.Response) -> None:
        """That it is a success; being sent elsewhere is none: nothing was done."""
        if 300 <= answer.status_code < 400:
            there = str(httpx2.URL(self.account.url).join(answer.headers.get("location", "")))
            raise errors.Failed(
                "server.unreachable",
                f"{self.account.url} does nothing itself, and sends to {there[:200]}",
                hint="give the address of the server itself: fairlead login ADDRESS, or FAIRLEAD_URL",
            )
        _check(answer)


class _spoken:
    """Turns what the HTTP library raises into an error that says what to do."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, httpx2.TimeoutException):
            raise errors.TimedOut("server.unreachable", f"{self._account.url} did not answer in time") from error
        if isinstance(error, httpx2.HTTPError):
            raise errors.Unreachable(
                "server.unreachable",
                f"no Fairlead server answers at {self._account.url}: {error}",
                hint="is it up? fairlead-server up; is it elsewhere? fairlead login ADDRESS",
            ) from error


def _clean(query: Mapping[str, object]) -> dict[str, str | list[str]]:
    given = {
        key.rstrip("_"): value
        for key, value in query.items()
        if not (value is None or value is False or value in ("", []))
    }
    return {
        key: [str(one) for one in value] if isinstance(value, list) else "true" if value is True else str(value)
        for key, value in given.items()
    }


def _check(answer: httpx2.Response) -> None:
    if answer.status_code < 400:
        return
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    family = _FAMILIES.get(answer.status_code, errors.Failed)
    code = problem.get("code", "")
    if code not in errors.CODES:
        code = "input.invalid" if answer.status_code < 500 else "server.unreachable"
    detail = str(problem.get("detail") or "") or f"the server answered {answer.status_code}"
    if problem.get("problems"):
        raise errors.ProjectFileInvalid(tuple(errors.Problem(**entry) for entry in problem["problems"]), code=code)
    raise family(code, detail, thing=problem.get("thing", ""), hint=problem.get("hint", ""))
