"""Errors as pages: what happened, and what to do next; parts of pages get a part."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from fairlead.domain.errors import CODES, FairleadError
from fairlead.server.problems import outwards
from fairlead.server.web import rendering
from fairlead.server.web.visit import PASSWORD, SIGN_IN, local_path, path_in, sign_in_address

log = structlog.get_logger("fairlead.web")

TITLES = {
    400: "That was not understood",
    403: "You may not do that",
    404: "Not here",
    405: "Not here",
    409: "Not now",
    413: "Too large",
    422: "Refused",
    429: "Too many tries",
    500: "A bug in Fairlead",
    502: "Something outside failed",
    503: "Something outside does not answer",
    504: "That took too long",
}


async def on_error(request: Request, error: Exception) -> Response:
    """One of our own; who is not signed in is sent to do so."""
    assert isinstance(error, FairleadError)
    if error.http_status == 401:
        return _to(request, sign_in_address(request))
    error = outwards(error)
    return _page(request, error.http_status, error.code, error.message, hint=error.hint)


async def on_invalid(request: Request, error: Exception) -> Response:
    """A parameter of a page that makes no sense."""
    assert isinstance(error, RequestValidationError)
    told = "; ".join(f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in error.errors())
    return _page(request, 400, "input.invalid", told[:1000])


async def on_http(request: Request, error: Exception) -> Response:
    """What the framework says: no such route, a wrong method."""
    assert isinstance(error, HTTPException)
    code = {404: "page.unknown", 405: "page.unknown"}.get(error.status_code, "input.invalid")
    return _page(request, error.status_code, code, CODES[code])


async def on_bug(request: Request, error: Exception) -> Response:
    """Ours; the log has the traceback, the page has the request's id to find it by."""
    log.error("page.bug", path=request.url.path, error=type(error).__name__, exc_info=error)
    return _page(request, 500, "step.bug", "A bug stopped this page. The server's log has the traceback.")


async def on_password_needed(request: Request, error: Exception) -> Response:
    """A one-time password opens nothing but the page where it is changed."""
    return _to(request, PASSWORD)


def _to(request: Request, address: str) -> Response:
    if _is_part(request):
        _, after = path_in(request.headers.get("hx-current-url", ""))
        back = f"{SIGN_IN}?next={quote(local_path(after))}" if address.startswith(SIGN_IN) else address
        return Response(status_code=200, headers={"HX-Redirect": back, **rendering.NOT_KEPT})
    return RedirectResponse(address, status_code=303, headers=rendering.NOT_KEPT)


def _page(request: Request, status: int, code: str, detail: str, *, hint: str = "") -> Response:
    values: dict[str, Any] = {
        "status": status,
        "heading": TITLES.get(status, "Something went wrong"),
        "code": code,
        "sentence": CODES[code],
        "detail": detail,
        "hint": hint,
        "request_id": getattr(request.state, "request_id", ""),
        "back": _back(request),
    }
    if _is_part(request):
        part = rendering.html("failure_part.html", values, status=status)
        part.headers.update({"HX-Retarget": "#messages", "HX-Reswap": "innerHTML"})
        return part
    return rendering.html("failure.html", values, status=status)


def _back(request: Request) -> str:
    host, path = path_in(request.headers.get("referer", ""))
    return local_path(path) if host == request.url.netloc else "/"


def _is_part(request: Request) -> bool:
    return request.headers.get("hx-request", "") == "true"
