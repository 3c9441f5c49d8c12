"""What subscribers are told: the body of a webhook for one event, and the words of a digest for many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from urllib.parse import quote

from fairlead.domain.event import Event
from fairlead.domain.event_kind import GROUPS
from fairlead.domain.record import Json
from fairlead.domain.subscription import Subscription

MOST_IN_A_DIGEST = 100
LONGEST_LINE = 300
EVENT_TYPE = "SubscriptionPayload"


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that are told together: `id` and `at` are those of taking them."""

    id: str
    at: datetime
    total: int


def payload(subscription: Subscription, event: Event, batch: Batch, number: int, *, url: str, at: datetime) -> Json:
    """The body that Octopus's subscriptions post, with our event; `number` counts from 1 in the batch, `at` is now."""
    day = f"{event.at.astimezone(UTC):%Y-%m-%d}"
    told: dict[str, Json] = {
        "ServerUri": url,
        "ServerAuditUri": f"{url}/events?kind={quote(event.kind)}&since={day}&until={day}",
        "Subscription": _subscription(subscription),
        "Event": told_of(event),
        "BatchProcessingDate": batch.at.isoformat(),
        "BatchId": batch.id,
        "TotalEventsInBatch": batch.total,
        "EventNumberInBatch": number,
    }
    return {"Timestamp": at.isoformat(), "EventType": EVENT_TYPE, "Payload": told}


def _subscription(held: Subscription) -> Json:
    """With what it asks for, so that a receiver sees why it is told; ids of what a name can be taken from."""
    wanted: dict[str, Json] = {
        "Users": list(held.people),
        "Projects": list(held.projects),
        "Environments": list(held.environments),
        "Tenants": list(held.tenants),
        "EventGroups": [one for one in held.events if one in GROUPS],
        "EventCategories": [one for one in held.events if one not in GROUPS],
    }
    return {
        "Id": held.id,
        "Name": held.name,
        "Type": "Event",
        "IsDisabled": not held.is_enabled,
        "EventNotificationSubscription": {"Filter": wanted},
    }


def told_of(event: Event) -> Json:
    """One event. Of a secret it says that it changed, and neither value."""
    return {
        "Id": event.id,
        "Category": event.kind,
        "Occurred": event.at.isoformat(),
        "Username": event.actor,
        "IdentityEstablishedWith": event.via,
        "IpAddress": event.address,
        "Message": event.message,
        "RelatedDocumentIds": [event.thing] if event.thing else [],
        "Project": event.project,
        "Environment": event.environment,
        "Tenant": event.tenant,
        "ChangeDetails": [
            {"Path": one.path, "Old": None, "New": None, "IsSecret": True}
            if one.is_secret
            else {"Path": one.path, "Old": one.old, "New": one.new, "IsSecret": False}
            for one in event.difference
        ],
        "Sequence": event.sequence,
        "Hash": event.hash,
    }


@dataclass(frozen=True, slots=True)
class Digest:
    """A mail's subject and body."""

    subject: str
    body: str


def digest(subscription: Subscription, events: Sequence[Event], total: int, zone: tzinfo) -> Digest:
    """The first events and how many more there are, with times in the zone."""
    what = f"{total} event{'' if total == 1 else 's'}"
    first, last = events[0].at.astimezone(zone), events[-1].at.astimezone(zone)
    which = f"; the first {len(events)}" if total > len(events) else ""
    when = f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} {subscription.zone}"
    lines = [f"{what} for the subscription {subscription.name}{which}, {when}:", ""]
    for event in events:
        where = " · ".join(part for part in (event.project, event.environment, event.tenant) if part)
        lines.append(f"{event.at.astimezone(zone):%Y-%m-%d %H:%M:%S}  {event.kind}  {event.actor}  {where}".rstrip())
        lines.append(f"    {' '.join(event.message.split())[:LONGEST_LINE]}")
    if total > len(events):
        lines += ["", f"and {total - len(events)} more, which the audit has."]
    return Digest(f"Fairlead: {what} for {subscription.name}", "\n".join(lines))
