"""Subscriptions on a page of their own: what each tells, how far it is, and the forms that make and change them."""

from __future__ import annotations

from starlette.responses import Response

from fairlead.domain.errors import FairleadError, NotAllowed
from fairlead.domain.event_kind import GROUPS, KINDS
from fairlead.server.routing import page_router
from fairlead.server.web import setup
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Form, Posted, Visiting, in_one_transaction
from fairlead.usecases import environments, relaying, subscriptions

router = page_router()
PATH = "/subscriptions"


@router.get("/subscriptions")
@in_one_transaction
def show(visitor: Visiting, part: Searched) -> Response:
    """A part of the visitor's own (an administrator's: of all), the newest first, with the form for another."""
    context, actor = visitor.context, visitor.actor
    found = subscriptions.page(context, actor, search=part.search, after=part.after, limit=part.limit)
    values = {
        "section": setup.SECTION,
        "subscriptions": found.items,
        "listed": part.shown(found.after),
        "groups": list(GROUPS.values()),
        "kinds": KINDS,
        "environments": environments.all_of(context, actor),
    }
    return visitor.page("subscriptions.html", values)


@router.post("/subscriptions")
def add(form: Posted) -> Response:
    """What happens from now on is told."""
    visitor = form.visitor

    def work() -> str:
        made = subscriptions.add(visitor.context, visitor.actor, _draft(form))
        return f"Subscription {made.subscription.name} tells what happens from now on."

    return form.act(PATH, work)


@router.post("/subscriptions/{name}")
def change(form: Posted, name: str) -> Response:
    """It is so from now on, if nobody changed it since the page was shown."""
    visitor = form.visitor

    def work() -> str:
        revision = form.number("revision")
        made = subscriptions.change(visitor.context, visitor.actor, name, _draft(form), revision=revision)
        return f"Subscription {made.subscription.name} is changed."

    return form.act(PATH, work)


@router.post("/subscriptions/{name}/enable")
def enable(form: Posted, name: str) -> Response:
    """It tells what happens from now on, or nothing any more."""
    visitor, is_enabled = form.visitor, form.is_ticked("on")

    def work() -> str:
        draft = subscriptions.Draft(is_enabled=is_enabled)
        made = subscriptions.change(visitor.context, visitor.actor, name, draft)
        said = "tells what happens from now on" if is_enabled else "tells nothing any more"
        return f"Subscription {made.subscription.name} {said}."

    return form.act(PATH, work)


@router.post("/subscriptions/{name}/test")
async def test(form: Posted, name: str) -> Response:
    """An event that is in no audit is told; whether it was taken is said."""
    visitor = form.visitor
    try:
        where = await relaying.send_test(visitor.context, visitor.actor, visitor.server.notifier, name)
    except NotAllowed:
        raise
    except FairleadError as error:
        return form.refused(PATH, error)
    return form.done(PATH, f"{', '.join(where)} took the test.")


@router.post("/subscriptions/{name}/remove")
def remove(form: Posted, name: str) -> Response:
    """Nothing is told any more."""
    visitor = form.visitor

    def work() -> str:
        subscriptions.remove(visitor.context, visitor.actor, name)
        return "The subscription is removed."

    return form.act(PATH, work)


def _draft(form: Form) -> subscriptions.Draft:
    return subscriptions.Draft(
        form.text("name"),
        to=form.text("to").replace(",", " ").split(),
        events=[*form.lists.get("groups", ()), *form.text("events").replace(",", " ").split()],
        projects=form.listed("projects"),
        environments=form.lists.get("environments", ()),
        tenants=form.listed("tenants"),
        people=form.listed("people"),
        team=form.text("team").strip(),
        secret="" if form.is_ticked("no_secret") else form.text("secret") or None,
        headers=_headers(form),
        schedule=form.text("schedule").strip() or None,
        zone=form.text("zone").strip() or None,
    )


def _headers(form: Form) -> dict[str, str | None]:
    """A held one whose field is empty stays; one that is ticked goes."""
    names, values = form.lists.get("header_name", ()), form.lists.get("header_value", ())
    given = {name.strip(): value or None for name, value in zip(names, values, strict=False) if name.strip()}
    return given | dict.fromkeys(form.lists.get("no_header", ()), "")
