"""One's own API keys: for who signs in by a provider, and has no password that the command line could ask for."""

from __future__ import annotations

from starlette.responses import Response

from fairlead.domain.errors import FairleadError, Invalid
from fairlead.server.routing import page_router
from fairlead.server.web.lists import Part, Searched
from fairlead.server.web.visit import Form, Posted, Visiting, Visitor
from fairlead.store.shelf import part_of
from fairlead.usecases import access

router = page_router()
LONGEST_DAYS = 3650


@router.get("/keys")
def show(visitor: Visiting, part: Searched) -> Response:
    """A part of those that were not revoked, and the form for another."""
    return _page(visitor, part)


@router.post("/keys")
def make(form: Posted, part: Searched) -> Response:
    """Another; its text is on this page alone, and in no cookie."""
    try:
        made = access.make_key(form.visitor.context, form.visitor.actor, form.text("name"), days=_days(form))
    except FairleadError as error:
        return form.refused("/keys", error)
    return _page(form.visitor, part, made=made)


@router.post("/keys/{id}/remove")
def remove(form: Posted, id: str) -> Response:
    """It opens nothing any more."""
    visitor = form.visitor

    def work() -> str:
        access.revoke_key(visitor.context, visitor.actor, id)
        return "The key opens nothing any more."

    return form.act("/keys", work)


def _page(visitor: Visitor, part: Part, *, made: access.NewKey | None = None) -> Response:
    held = access.keys_of(visitor.context, visitor.actor)
    found = part_of(
        held,
        name=lambda one: one.name,
        order=lambda one: one.id,
        search=part.search,
        after=part.after,
        limit=part.limit,
    )
    values = {
        "section": "",
        "keys": found.items,
        "listed": part.shown(found.after),
        "made": made,
        "address": visitor.context.installation.url,
    }
    return visitor.page("keys.html", values)


def _days(form: Form) -> int:
    days = form.number("days")
    if days is None or days > LONGEST_DAYS:
        raise Invalid("input.invalid", f"a key lasts 0 to {LONGEST_DAYS} days; 0: until it is removed", thing="days")
    return days
