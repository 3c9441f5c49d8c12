"""Environments, in the order in which releases reach them, with the form that changes what deployments to one ask."""

from __future__ import annotations

from starlette.responses import Response

from fairlead.domain.errors import Invalid
from fairlead.formats import durations
from fairlead.server.routing import page_router
from fairlead.server.web import setup
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Form, Posted, Visiting
from fairlead.usecases import environments

router = page_router()
PATH = "/environments"


@router.get("/environments")
def show(visitor: Visiting, part: Searched) -> Response:
    """A part of them, each with what deployments to it ask for."""
    found = environments.page(visitor.context, visitor.actor, search=part.search, after=part.after, limit=part.limit)
    values = {"section": setup.SECTION, "environments": found.items, "listed": part.shown(found.after)}
    values["written"] = durations.written
    return visitor.page("environments.html", values)


@router.post("/environments/{name}")
def change(form: Posted, name: str) -> Response:
    """It is as the form says; what waits for an approval keeps the time that it was given."""
    visitor = form.visitor

    def work() -> str:
        made = environments.change(
            visitor.context,
            visitor.actor,
            name,
            description=form.text("description"),
            asks_approval=form.is_ticked("asks_approval"),
            approval_expires_s=_expires_s(form),
            is_guided=form.is_ticked("guided"),
            revision=form.number("revision"),
        )
        return f"Environment {made.name} is changed."

    return form.act(PATH, work)


def _expires_s(form: Form) -> int:
    text = form.text("approval_expires_s").strip()
    seconds = 0 if text in ("", "0") else durations.read(text)
    if seconds is None:
        message = f"{text[:60]!r} is not a length of time: 90m, 6h, 2d"
        raise Invalid("input.invalid", message, thing="approval_expires_s")
    return seconds
