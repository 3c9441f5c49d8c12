"""Subscriptions to events of the audit, and the kinds of events that there are."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Response
from pydantic import Field

from fairlead.domain.event_kind import GROUPS, KINDS, EventGroup, groups_of
from fairlead.domain.webhook_header import LONGEST_VALUE, MOST_HEADERS
from fairlead.server.api import answers, shapes
from fairlead.server.api.answers import subscriptions as told
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asked, Asking, Books, Limit, Parts, Search, revision_of, tag
from fairlead.server.routing import api_router
from fairlead.usecases import audit, relaying, subscriptions

router = api_router("subscriptions")


class SubscriptionChange(Body):
    """What is not given stays as it is."""

    name: str | None = Field(None, max_length=100)
    to: list[str] | None = Field(None, max_length=20, description="one http(s) address, or mail addresses")
    events: list[str] | None = Field(None, max_length=200, description="of a new one without any: all")
    projects: list[str] | None = Field(None, max_length=200, description="none: all")
    environments: list[str] | None = Field(None, max_length=200, description="none: all")
    tenants: list[str] | None = Field(None, max_length=200, description="none: all")
    people: list[str] | None = Field(None, max_length=200, description="users; fairlead for what nobody did; none: all")
    team: str | None = Field(None, max_length=100, description='"": no team')
    secret: str | None = Field(None, max_length=500, description='signs what is posted; "": nothing does')
    headers: dict[str, Annotated[str, Field(max_length=LONGEST_VALUE)]] | None = Field(
        None,
        max_length=MOST_HEADERS,
        description="what else is posted with each: name → value, which is shown to nobody; one that is not named "
        'stays, "": it goes',
    )
    schedule: str | None = Field(None, max_length=500, description="when a digest is sent, as a line of cron")
    zone: str | None = Field(None, max_length=60, description="whose clock that means")
    enabled: bool | None = None
    owner: str | None = Field(None, max_length=64, description="whose eyes it has; for who may administer the server")


class NewSubscription(SubscriptionChange):
    name: str = Field(max_length=100)


@router.get("/subscriptions")
def list_subscriptions(
    context: Books, actor: Asking, search: Search = "", after: After = None, limit: Limit = 50
) -> answers.Page[told.Subscription]:
    """Your own, all for an administrator; the newest first."""
    return shapes.page(subscriptions.page(context, actor, search=search, after=after, limit=limit), shaped)


@router.post("/subscriptions", status_code=201)
def add_subscription(context: Books, actor: Asking, body: NewSubscription) -> told.Subscription:
    """What happens from now on is told."""
    return shaped(subscriptions.add(context, actor, _draft(body)))


@router.get("/subscriptions/{name}")
def get_subscription(context: Books, actor: Asking, name: str, response: Response) -> told.Subscription:
    """One of them, with how far it is."""
    return _tagged(response, subscriptions.get(context, actor, name))


@router.patch("/subscriptions/{name}")
def change_subscription(
    context: Books,
    actor: Asking,
    name: str,
    body: SubscriptionChange,
    response: Response,
    if_match: Annotated[str | None, Header(description='the revision that was read: "3"')] = None,
) -> told.Subscription:
    """What is given of it; with If-Match only if nobody changed it since. What failed is tried again at once."""
    changed = subscriptions.change(context, actor, name, _draft(body), revision=revision_of(if_match))
    return _tagged(response, changed)


@router.delete("/subscriptions/{name}", status_code=204)
def remove_subscription(context: Books, actor: Asking, name: str) -> Response:
    """Nothing is told any more."""
    subscriptions.remove(context, actor, name)
    return Response(status_code=204)


@router.post("/subscriptions/{name}/test")
async def test_subscription(context: Books, parts: Parts, actor: Asking, name: str) -> told.SubscriptionTest:
    """An event that is in no audit is told as the subscription's are, enabled or not; an error says why it was not
    taken."""
    return {"told": list(await relaying.send_test(context, actor, parts.notifier, name))}


@router.get("/event-groups")
def list_event_groups(context: Books, actor: Asking, asked: Asked) -> answers.Page[told.EventGroup]:
    """Kinds of events that a subscription can ask for by one name."""
    audit.require_kinds(context, actor)
    return shapes.cut(GROUPS.values(), _group, asked, name=lambda one: one.name)


@router.get("/event-kinds")
def list_event_kinds(context: Books, actor: Asking, asked: Asked) -> answers.Page[told.EventKind]:
    """Every kind of event that the audit may hold."""
    audit.require_kinds(context, actor)
    return shapes.cut(KINDS, _kind, asked, name=lambda one: one)


def shaped(one: subscriptions.SubscriptionView) -> told.Subscription:
    """As the API tells it."""
    held, far = one.subscription, one.progress
    return {
        "id": held.id,
        "name": held.name,
        "kind": held.kind,
        "owner": held.owner,
        "to": list(held.addresses),
        "secret": held.secret is not None,
        "headers": list(held.headers),
        "events": list(held.events),
        "projects": list(one.projects),
        "environments": list(one.environments),
        "tenants": list(one.tenants),
        "people": list(held.people),
        "team": one.team,
        "schedule": held.schedule,
        "zone": held.zone,
        "enabled": held.is_enabled,
        "progress": {
            "position": far.position,
            "behind": one.behind,
            "next_at": far.next_at.isoformat(),
            "told": far.told,
            "told_at": far.told_at.isoformat() if far.told_at else None,
            "passed_over": far.passed_over,
            "tries": far.tries,
            "failed_at": far.failed_at.isoformat() if far.failed_at else None,
            "error": far.error,
        },
        "created_at": held.created_at.isoformat(),
        "revision": held.revision,
    }


def _group(one: EventGroup) -> told.EventGroup:
    return {"name": one.name, "description": one.said, "kinds": list(one.kinds)}


def _kind(name: str) -> told.EventKind:
    return {"name": name, "groups": groups_of(name)}


def _draft(body: SubscriptionChange) -> subscriptions.Draft:
    given = body.model_dump()
    return subscriptions.Draft(is_enabled=given.pop("enabled"), **given)


def _tagged(response: Response, one: subscriptions.SubscriptionView) -> told.Subscription:
    tag(response, one.subscription.revision)
    return shaped(one)
