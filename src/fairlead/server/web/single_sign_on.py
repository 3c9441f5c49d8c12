"""Off to an identity provider, and back from it: links, no forms, because the way leads over another site."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from fairlead.domain.errors import FairleadError
from fairlead.server import problems
from fairlead.server.api.doors import address_of, context_of, server_of
from fairlead.server.routing import page_router
from fairlead.server.web import rendering, sessions
from fairlead.server.web.visit import SIGN_IN, is_https, local_path
from fairlead.usecases import single_sign_on
from fairlead.usecases.single_sign_on import LASTS, CameBack

router = page_router()

GOING = "fairlead_going"
"""A cookie of chance by which a browser that comes back is known as the one that was sent off: nobody can sign a person
in with an answer that is another's."""
LONGEST_PART = 8192


@router.get(SIGN_IN + "/{name}")
async def begin(request: Request, name: str, next: str = "/") -> Response:
    """To the provider."""
    context, held = context_of(request), request.cookies.get(GOING, "")
    browser = held if sessions.is_chance(held) else context.ids.secret(32)
    try:
        to = await single_sign_on.begin(
            context,
            server_of(request).issuers,
            name,
            browser=browser,
            path=local_path(next[:2000]),
            address=address_of(request),
        )
    except FairleadError as error:
        return await sessions.sign_in_form(request, next[:2000], error=problems.outwards(error))
    response = RedirectResponse(to, status_code=303, headers=rendering.NOT_KEPT)
    response.set_cookie(
        GOING,
        browser,
        max_age=int(LASTS.total_seconds()),
        path=SIGN_IN,
        httponly=True,
        samesite="lax",
        secure=is_https(request),
    )
    return response


@router.get(SIGN_IN + "/{name}/callback")
async def finish(request: Request, name: str) -> Response:
    """Back from it, with a code or a refusal."""
    asked = {part: request.query_params.get(part, "")[:LONGEST_PART] for part in ("state", "code", "error", "iss")}
    back = CameBack(
        name,
        state=asked["state"],
        browser=request.cookies.get(GOING, ""),
        code=asked["code"],
        error=asked["error"],
        issuer=asked["iss"],
    )
    try:
        arrived = await single_sign_on.finish(
            context_of(request), server_of(request).issuers, back, address=address_of(request)
        )
    except FairleadError as error:
        return await sessions.sign_in_form(request, "/", error=problems.outwards(error))
    return sessions.opened(request, local_path(arrived.path), arrived.signed)
