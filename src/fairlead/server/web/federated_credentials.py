"""Federated credentials on a page of their own: which tokens of build servers stand for which service account."""

from __future__ import annotations

from starlette.responses import Response

from fairlead.domain.errors import Invalid
from fairlead.server.routing import page_router
from fairlead.server.web import setup
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Form, Posted, Visiting
from fairlead.usecases import federated_credentials
from fairlead.usecases.federated_credentials import Draft

router = page_router()
PAGE = "/federated-credentials"


@router.get("/federated-credentials")
def show(visitor: Visiting, part: Searched) -> Response:
    """A part of them, by name, with the form for one."""
    found = federated_credentials.page(
        visitor.context, visitor.actor, search=part.search, after=part.after, limit=part.limit
    )
    values = {
        "section": setup.SECTION,
        "credentials": found.items,
        "listed": part.shown(found.after),
        "url": visitor.context.installation.url,
    }
    return visitor.page("federated_credentials.html", values)


@router.post("/federated-credentials")
def put(form: Posted) -> Response:
    """It is as the form says, if nobody changed it since the page was shown."""
    visitor, name = form.visitor, form.text("name").strip()

    def work() -> str:
        wanted = Draft(
            form.text("account").strip(),
            form.text("issuer"),
            form.text("audience"),
            form.text("subject"),
            claims=_claims(form),
            lasts_s=60 * (form.number("minutes") or 0),
        )
        revision = form.number("revision")
        made = federated_credentials.put(visitor.context, visitor.actor, name, wanted, revision=revision)
        return f"Tokens that fit {name} stand for {made.account}."

    return form.act(PAGE, work)


@router.post("/federated-credentials/{name}/remove")
def remove(form: Posted, name: str) -> Response:
    """Such tokens open nothing any more."""
    visitor = form.visitor

    def work() -> str:
        federated_credentials.remove(visitor.context, visitor.actor, name)
        return f"{name} is removed."

    return form.act(PAGE, work)


def _claims(form: Form) -> dict[str, str]:
    """Lines CLAIM = PATTERN."""
    lines = form.lines("claims")
    if wrong := [line for line in lines if "=" not in line]:
        raise Invalid("input.invalid", f"{wrong[0][:80]!r} is no line CLAIM = PATTERN", thing="claims")
    return {claim.strip(): pattern.strip() for claim, _, pattern in (line.partition("=") for line in lines)}
