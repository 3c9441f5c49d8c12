"""Errors as problem+json (RFC 9457): the same codes, sentences and hints that every door of Fairlead uses."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from fairlead.domain.errors import CODES, FairleadError, ProjectFileInvalid

log = structlog.get_logger("fairlead.server")

MEDIA_TYPE = "application/problem+json"
INSIDE = frozenset({"store.unreachable"})
LONGEST_PATH = 200
_STATUS_CODES = {404: "page.unknown", 405: "page.unknown", 413: "input.too_large"}


def body_of(error: FairleadError) -> dict[str, Any]:
    """The problem's members; `code` is stable, `title` the code's sentence, `detail` what happened here."""
    body: dict[str, Any] = {
        "type": f"https://fairlead.dev/errors/{error.code}",
        "title": CODES[error.code],
        "status": error.http_status,
        "code": error.code,
        "detail": error.message,
    }
    if error.hint:
        body["hint"] = error.hint
    if error.thing:
        body["thing"] = error.thing
    if isinstance(error, ProjectFileInvalid):
        body["problems"] = [
            {
                "file": p.file,
                "line": p.line,
                "column": p.column,
                "key": p.key,
                "found": p.found,
                "expected": p.expected,
                "is_sentence": p.is_sentence,
            }
            for p in error.problems
        ]
    return body


def outwards(error: FairleadError) -> FairleadError:
    """The error as it may be told to whoever asked, who need not have been let in yet: where the database is, as whom
    and why it does not answer stays in the server's log."""
    if error.code not in INSIDE:
        return error
    log.warning("request.failed", code=error.code, reason=error.message)
    hint = "try again soon; on the server's machine fairlead-server doctor says why"
    return type(error)(error.code, CODES[error.code], hint=hint)


def answer(status: int, code: str, detail: str, **more: Any) -> JSONResponse:
    """A problem that is not an exception of ours."""
    body = {
        "type": f"https://fairlead.dev/errors/{code}",
        "title": CODES[code],
        "status": status,
        "code": code,
        "detail": detail,
        **more,
    }
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Every error that leaves the application leaves it as a problem."""
    app.add_exception_handler(FairleadError, on_error)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_bug)


async def on_error(request: Request, error: Exception) -> JSONResponse:
    """An error of ours, as a problem."""
    assert isinstance(error, FairleadError)
    error = outwards(error)
    headers = {}
    if error.http_status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="fairlead"'
    if error.http_status == 429:
        headers["Retry-After"] = "30"
    return JSONResponse(body_of(error), status_code=error.http_status, media_type=MEDIA_TYPE, headers=headers)


async def on_invalid(request: Request, error: Exception) -> JSONResponse:
    """A request whose shape is wrong, as a problem that names each field."""
    assert isinstance(error, RequestValidationError)
    parts = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"] if part not in ("body", "query", "path"))
        parts.append(f"{where or 'the body'}: {problem['msg']}")
    return answer(400, "input.invalid", "; ".join(parts)[:2000])


async def on_http(request: Request, error: Exception) -> JSONResponse:
    """What the framework refused, as a problem."""
    assert isinstance(error, HTTPException)
    code, detail = _STATUS_CODES.get(error.status_code, "input.invalid"), str(error.detail)
    more: dict[str, str] = {}
    if error.status_code in (404, 405) and detail == HTTPStatus(error.status_code).phrase:
        detail = f"there is no route {request.method} {request.url.path[:LONGEST_PATH]}"
        known = (error.headers or {}).get("Allow", "")
        more = {"hint": f"this address knows {known}" if known else "docs/reference/api.md lists them"}
    made = answer(error.status_code, code, detail, **more)
    made.headers.update(error.headers or {})
    return made


async def on_bug(request: Request, error: Exception) -> JSONResponse:
    """A bug: the log has the traceback, who asked has none of it."""
    log.error("request.bug", path=request.url.path, error=type(error).__name__, exc_info=error)
    return answer(500, "step.bug", "a bug in Fairlead stopped this request; the server's log has the traceback")
