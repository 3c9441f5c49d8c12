"""Signing in and out, and a password of one's own."""

from __future__ import annotations

import hmac

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from fairlead.domain.errors import FairleadError, NotAllowed
from fairlead.server.api.doors import COOKIE, address_of, context_of, visit_of
from fairlead.server.routing import page_router
from fairlead.server.web import rendering
from fairlead.server.web.visit import (
    PASSWORD,
    SIGN_IN,
    PostedAnyhow,
    VisitingAnyhow,
    fields_of,
    is_https,
    local_path,
)
from fairlead.usecases import access, single_sign_on

router = page_router()

BEFORE = "fairlead_before"
"""A cookie of chance that a sign-in form must repeat, so that no other site can sign a person in as somebody else."""


@router.get(SIGN_IN)
async def show(request: Request, next: str = "/") -> Response:
    """The form; who is signed in already goes on."""
    if await visit_of(request) is not None:
        return RedirectResponse(local_path(next), status_code=303)
    return await sign_in_form(request, next)


@router.post(SIGN_IN)
async def sign_in(request: Request) -> Response:
    """A session for who knows the password; wrong ones are counted and slowed down."""
    context = context_of(request)
    fields, _ = await fields_of(request)
    _refuse_strangers(request, fields.get("before", ""))
    user, wanted = fields.get("user", "")[:64], fields.get("next", "/")
    try:
        signed = await run_in_threadpool(  # not in the few of the store: hashing holds up nothing else
            lambda: access.sign_in(context, user, fields.get("password", "")[:1024], address=address_of(request))
        )
    except FairleadError as error:
        return await sign_in_form(request, wanted, user=user, error=error)
    to = PASSWORD if signed.user.must_change_password else local_path(wanted)
    return opened(request, to, signed)


@router.post("/sign-out")
def sign_out(form: PostedAnyhow) -> Response:
    """The session opens nothing any more."""
    access.sign_out(form.visitor.context, form.visitor.session)
    response = RedirectResponse(SIGN_IN, status_code=303)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
    return response


@router.get(PASSWORD)
def show_password(visitor: VisitingAnyhow) -> Response:
    """The form for another password."""
    return visitor.page("password.html", {"error": None})


@router.post(PASSWORD)
def change_password(form: PostedAnyhow) -> Response:
    """All sessions end; this browser gets a new one."""
    visitor = form.visitor
    context, name, new = visitor.context, visitor.user.name, form.text("new")[:1024]
    if new != form.text("again")[:1024]:
        return visitor.page("password.html", {"error": "the two new passwords are not the same"}, status=400)
    try:
        access.change_password(context, visitor.actor, form.text("old")[:1024], new)
        signed = access.sign_in(context, name, new, address=visitor.actor.address)
    except FairleadError as error:
        return visitor.page("password.html", {"error": str(error)}, status=error.http_status)
    return opened(visitor.request, "/", signed)


async def sign_in_form(
    request: Request, wanted: str, *, user: str = "", error: FairleadError | None = None
) -> Response:
    """The form, with the identity providers that there are, and why the last try failed."""
    context = context_of(request)
    held = request.cookies.get(BEFORE, "")
    before = held if is_chance(held) else context.ids.secret(24)
    values = {
        "next": local_path(wanted),
        "user": user,
        "error": error,
        "before": before,
        "providers": await context.database.run(lambda: single_sign_on.choices(context)),
        "passwords_for_all": context.installation.passwords_for_all,
    }
    response = rendering.html("sign_in.html", values, status=error.http_status if error else 200)
    response.set_cookie(
        BEFORE, before, max_age=3600, path=SIGN_IN, httponly=True, samesite="lax", secure=is_https(request)
    )
    return response


def is_chance(held: str) -> bool:
    """Whether a cookie's value can be one that we made by chance."""
    return 16 <= len(held) <= 64 and held.isascii() and held.isprintable()


def _refuse_strangers(request: Request, given: str) -> None:
    """A form that another site made the browser send (login CSRF)."""
    held = request.cookies.get(BEFORE, "")
    is_foreign = request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
    if is_foreign or not held or not hmac.compare_digest(given.encode(), held.encode()):
        raise NotAllowed("auth.csrf", "the form's token is missing or old", hint="load the page again")


def opened(request: Request, to: str, signed: access.SignedIn) -> Response:
    """The browser has the session, and goes there."""
    response = RedirectResponse(to, status_code=303, headers=rendering.NOT_KEPT)
    left_s = int((signed.session.expires_at - signed.session.created_at).total_seconds())
    response.set_cookie(
        COOKIE, signed.cookie, max_age=left_s, path="/", httponly=True, samesite="lax", secure=is_https(request)
    )
    response.delete_cookie(BEFORE, path=SIGN_IN)
    return response
