"""What is told of subscriptions, and of the events that they can ask for."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.domain.subscription import SubscriptionKind
from fairlead.server.api.answers.lists import Moment


class SubscriptionProgress(TypedDict):
    """How far it is in the audit."""

    position: Annotated[int, Field(description="number of the last event that it has looked at")]
    behind: Annotated[int, Field(description="how many events it has not looked at")]
    next_at: Annotated[Moment, Field(description="when it is told next, if there is something")]
    told: Annotated[int, Field(description="how many events were told")]
    told_at: Moment | None
    passed_over: Annotated[int, Field(description="how many were given up")]
    tries: Annotated[int, Field(description="how often what comes next was tried in vain")]
    failed_at: Moment | None
    error: Annotated[str, Field(description='why nothing is told; "": the last try went well')]


class SubscriptionTest(TypedDict):
    """An event of number 0 was told, and taken."""

    told: Annotated[list[str], Field(description="where: mail addresses, and of an http(s) address its host")]


class Subscription(TypedDict):
    """Events of the audit that are told on."""

    id: str
    name: str
    kind: SubscriptionKind
    owner: Annotated[str, Field(description="what they may not view is not told")]
    to: Annotated[list[str], Field(description="an http(s) address, or mail addresses; none: the team's members")]
    secret: Annotated[bool, Field(description="whether what is posted is signed")]
    headers: Annotated[list[str], Field(description="the names of what else is posted with each")]
    events: Annotated[list[str], Field(description="kinds, nouns with a dot at their end, groups, or *")]
    projects: Annotated[list[str], Field(description="none: all; an id: it is gone")]
    environments: Annotated[list[str], Field(description="none: all; an id: it is gone")]
    tenants: Annotated[list[str], Field(description="none: all; an id: it is gone")]
    people: Annotated[list[str], Field(description="none: everybody")]
    team: Annotated[str, Field(description='what it may not view is not told, either; "": no team')]
    schedule: Annotated[str, Field(description="when a digest is sent, as a line of cron")]
    zone: str
    enabled: bool
    progress: SubscriptionProgress
    created_at: Moment
    revision: Annotated[int, Field(description="what its ETag holds")]


class EventGroup(TypedDict):
    """Kinds of events that a subscription can ask for by one name."""

    name: str
    description: str
    kinds: list[str]


class EventKind(TypedDict):
    """A kind of event that the audit may hold."""

    name: str
    groups: list[str]
