"""A subscription: events of the audit that are told on, each by a webhook or many in a digest by mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from fairlead.domain import event_kind
from fairlead.domain.actor import Actor
from fairlead.domain.cron import parse
from fairlead.domain.errors import Invalid
from fairlead.domain.event import Event
from fairlead.domain.ids import EnvironmentId, ProjectId, SecretVersionId, TenantId
from fairlead.domain.names import can_be_asked_for
from fairlead.domain.occurrences import next_after
from fairlead.domain.permission import Permission
from fairlead.domain.zones import zone_named

SubscriptionKind: TypeAlias = Literal["webhook", "mail"]

LONGEST_NAME = 100
MOST_ADDRESSES = 20
MOST_OF_A_FILTER = 200
DEFAULT_SCHEDULE = "@hourly"
SHORTEST_PERIOD = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Subscription:
    """`addresses` is one URL, or mail addresses: without any the members of `team` get the mail. Of `projects`,
    `environments`, `tenants` and `people` (names of users) none means any. `owner` is whose eyes it has: what they may
    not view, and what the team may not, is not told. A webhook is signed with `secret`, and posted with `headers`: name
    → value. A digest is sent when `schedule`, a line of cron in `zone`, is due."""

    id: str
    name: str
    owner: str
    created_at: datetime
    addresses: tuple[str, ...] = ()
    events: tuple[str, ...] = (event_kind.EVERYTHING,)
    projects: tuple[ProjectId, ...] = ()
    environments: tuple[EnvironmentId, ...] = ()
    tenants: tuple[TenantId, ...] = ()
    people: tuple[str, ...] = ()
    team: str | None = None
    secret: SecretVersionId | None = None
    headers: Mapping[str, SecretVersionId] = field(default_factory=dict)
    schedule: str = DEFAULT_SCHEDULE
    zone: str = "UTC"
    is_enabled: bool = True
    revision: int = 1

    @property
    def kind(self) -> SubscriptionKind:
        """How it is told."""
        return "webhook" if any("://" in address for address in self.addresses) else "mail"

    def next_after(self, at: datetime) -> datetime:
        """When it is to be told next: a webhook at once, a digest when its schedule is due, a minute apart at least."""
        if self.kind == "webhook":
            return at
        due = next_after(parse(self.schedule), at, zone_named(self.zone))
        return max(due, at + SHORTEST_PERIOD) if due else datetime.max.replace(tzinfo=at.tzinfo)

    def wants(self, event: Event, ids: Ids) -> bool:
        """Whether the event is one of those that were asked for, whoever may view it."""
        return (
            event_kind.fits(event.kind, self.events)
            and _is_of(event, event.project, self.projects, ids.projects)
            and _is_of(event, event.environment, self.environments, ids.environments)
            and _is_of(event, event.tenant, self.tenants, ids.tenants)
            and (not self.people or event.actor in self.people)
        )


@dataclass(frozen=True, slots=True)
class Ids:
    """Name → id of what events name."""

    projects: Mapping[str, str] = field(default_factory=dict)
    environments: Mapping[str, str] = field(default_factory=dict)
    tenants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a subscription is: events up to number `position` are told, passed over, or not for it. `tries` are those
    of what comes next, `error` the last one ("" where the last try went well)."""

    id: str
    position: int
    next_at: datetime
    tries: int = 0
    told: int = 0
    passed_over: int = 0
    told_at: datetime | None = None
    failed_at: datetime | None = None
    error: str = ""


def may_view(actor: Actor, event: Event, ids: Ids) -> bool:
    """Whether the actor may view the event, as the list of events shows it: what belongs to no project is for who may
    view all, and what is not there any more too."""
    return actor.may(
        Permission.VIEW,
        project=ids.projects.get(event.project or ""),
        environment=ids.environments.get(event.environment or ""),
        tenant=ids.tenants.get(event.tenant or ""),
    )


def check(wanted: Subscription) -> Subscription:
    """Itself; Invalid `input.name`, `subscription.event`, `subscription.address`, `schedule.cron`, `schedule.zone`."""
    if len(wanted.name) > LONGEST_NAME or not can_be_asked_for(wanted.name):
        words = f"a subscription has a name of 1 to {LONGEST_NAME} characters, no slash"
        raise Invalid("input.name", words, thing="name")
    if not wanted.events:
        raise Invalid("subscription.event", f"{wanted.name} asks for no event", thing="events", hint=_HINT)
    for text in wanted.events:
        if not event_kind.is_choice(text):
            raise Invalid("subscription.event", f"{text[:80]!r} is not an event", thing="events", hint=_HINT)
    for filtered in (wanted.projects, wanted.environments, wanted.tenants, wanted.people, wanted.events):
        if len(filtered) > MOST_OF_A_FILTER:
            raise Invalid(
                "input.invalid", f"a subscription names at most {MOST_OF_A_FILTER} of a kind", thing="filters"
            )
    _check_addresses(wanted)
    zone_named(wanted.zone)
    parse(wanted.schedule)
    return wanted


_HINT = f"a kind as deployment.failed, deployment. for all of a noun, one of {', '.join(event_kind.GROUPS)}, or *"


def _check_addresses(wanted: Subscription) -> None:
    if wanted.kind == "webhook":
        if len(wanted.addresses) != 1:
            raise Invalid(
                "subscription.address",
                f"{wanted.name} names an http(s) address and others",
                thing="to",
                hint="one http(s) address, or mail addresses; make a subscription for each",
            )
        _check_url(wanted.addresses[0])
        return
    if wanted.secret:
        raise Invalid(
            "subscription.address", "a mail is not signed: a secret is for an http(s) address", thing="secret"
        )
    if wanted.headers:
        raise Invalid(
            "subscription.address",
            "a mail has no headers of its own: they are for an http(s) address",
            thing="headers",
            hint=f"take them away: {', '.join(wanted.headers)}"[:500],
        )
    if not wanted.addresses and not wanted.team:
        raise Invalid(
            "subscription.address",
            f"{wanted.name} tells nobody",
            thing="to",
            hint="give an http(s) address, mail addresses, or a team whose members get the mail",
        )
    if len(wanted.addresses) > MOST_ADDRESSES:
        raise Invalid("subscription.address", f"a digest goes to at most {MOST_ADDRESSES} addresses", thing="to")
    for address in wanted.addresses:
        if not is_mail_address(address):
            raise _neither(address)


def is_mail_address(text: str) -> bool:
    """Whether mail can be sent there."""
    name, sign, domain = text.partition("@")
    is_plain = text.isprintable() and not set(text) & set(' <>,;:"()[]\\') and len(text) < 255 and text.isascii()
    return bool(sign and name and domain and "@" not in domain and is_plain and domain[0].isalnum())


def place_of(address: str) -> str:
    """A mail address as it is; of a URL only where it leads, for its path may hold a token."""
    if "://" not in address:
        return address
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _check_url(address: str) -> None:
    try:
        parts = urlsplit(address)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError as error:
        raise _neither(address) from error
    if not is_web or not address.isprintable() or " " in address or len(address) > 500:
        raise _neither(address)
    if parts.username is not None:
        raise Invalid(
            "subscription.address",
            "the address holds a user or password, which everybody would read who may see the subscription",
            thing="to",
            hint="what is sent is signed with the subscription's secret: have the receiver check that",
        )


def _neither(address: str) -> Invalid:
    return Invalid(
        "subscription.address", f"{address[:100]!r} is neither a mail address nor an http(s) address", thing="to"
    )


def _is_of(event: Event, name: str | None, wanted: tuple[str, ...], ids: Mapping[str, str]) -> bool:
    """What is removed has no name any more: the event that says so is about its id."""
    return not wanted or (name is not None and ids.get(name) in wanted) or event.thing in wanted
