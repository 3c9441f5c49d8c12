"""A trigger: what is done without being asked when something happens, and the record of each time it was looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from fairlead.domain.cron import parse
from fairlead.domain.errors import Invalid
from fairlead.domain.ids import ChannelId, DeploymentId, EnvironmentId, ProjectId, ReleaseId, TargetId, TenantId
from fairlead.domain.names import can_be_asked_for
from fairlead.domain.occurrences import next_after
from fairlead.domain.zones import clock_in

LONGEST_NAME = 100
LONGEST_WATCHED = 250
MOST_WATCHED = 50
MOST_TENANTS = 1000
"""As many are named by a trigger, and told of in its record each time."""
GRACE = timedelta(hours=1)
"""A time that passed while no server ran is made good within this; what is later is only recorded."""
SHORTEST_POLL_S = 10
LONGEST_POLL_S = 86_400
DEFAULT_POLL_S = 60
"""How often a registry is asked for its tags. Octopus asks every three minutes; most registries allow a minute."""


class TriggerKind(StrEnum):
    """What makes it fire.

    schedule  a time, as a line of cron says it
    package   a package of an id that it watches was pushed into the built-in feed
    image     a tag that is a newer version is in a registry, which is asked for it every so often
    push      a registry tells that a tag was pushed, whatever the tag
    target    a target became available: it was added, enabled, or answers again
    """

    SCHEDULE = "schedule"
    PACKAGE = "package"
    IMAGE = "image"
    PUSH = "push"
    TARGET = "target"


class TriggerAction(StrEnum):
    """What a trigger does.

    deploy-latest   the latest release that is live in the source environment, or without one the latest made, goes to
                    the destination
    new-release     a release: of the branch's head, or with the package or images that came, else as the latest was
    deploy-current  the release that is live in the target's environment goes to that target alone, skipping the steps
                    that were skipped when it went live
    run-runbook     what is published of a runbook runs in the destination, in each of several environments, or where
                    the target is
    """

    DEPLOY_LATEST = "deploy-latest"
    NEW_RELEASE = "new-release"
    DEPLOY_CURRENT = "deploy-current"
    RUN_RUNBOOK = "run-runbook"


_COMING = (TriggerAction.NEW_RELEASE, TriggerAction.DEPLOY_LATEST, TriggerAction.RUN_RUNBOOK)
ACTIONS: Mapping[TriggerKind, tuple[TriggerAction, ...]] = {
    TriggerKind.SCHEDULE: (TriggerAction.DEPLOY_LATEST, TriggerAction.NEW_RELEASE, TriggerAction.RUN_RUNBOOK),
    TriggerKind.PACKAGE: _COMING,
    TriggerKind.IMAGE: _COMING,
    TriggerKind.PUSH: _COMING,
    TriggerKind.TARGET: (TriggerAction.DEPLOY_CURRENT, TriggerAction.RUN_RUNBOOK),
}
"""What each kind can do; the first is what it does where nothing is said."""


class TargetEvent(StrEnum):
    """How a target becomes available: it is new in an environment or has a new tag; it is enabled; it answers again."""

    ADDED = "added"
    ENABLED = "enabled"
    HEALTHY = "healthy"


@dataclass(frozen=True, slots=True)
class Trigger:
    """`next_at` is when a schedule is due, or a registry asked, next; None: never, or disabled.

    `watches` are ids of packages, or images without tag (with or without their registry); none: those that the
    project's latest release has. `environments`, `tags` and `events` choose among targets; none: all. Of a runbook
    that waits for no target `environments` are where it runs, in each of them. What it does is done for each of
    `tenants`, and each that is connected there and has the `tenant_tags`; none: for nobody.
    """

    id: str
    project: ProjectId
    name: str
    created_at: datetime
    cron: str
    action: TriggerAction
    zone: str = "UTC"
    source: EnvironmentId | None = None
    destination: EnvironmentId | None = None
    channel: ChannelId | None = None
    is_forced: bool = False
    is_enabled: bool = True
    next_at: datetime | None = None
    created_by: str = ""
    revision: int = 1
    kind: TriggerKind = TriggerKind.SCHEDULE
    runbook: str | None = None
    watches: tuple[str, ...] = ()
    poll_s: int = DEFAULT_POLL_S
    environments: tuple[EnvironmentId, ...] = ()
    tags: tuple[str, ...] = ()
    events: tuple[TargetEvent, ...] = ()
    tenants: tuple[TenantId, ...] = ()
    tenant_tags: tuple[str, ...] = ()

    @property
    def is_for_tenants(self) -> bool:
        """Whether it names any, or their tags."""
        return bool(self.tenants or self.tenant_tags)

    def due_after(self, at: datetime, zone: tzinfo) -> datetime | None:
        """When it is due next; None where it is disabled, or no time makes it fire."""
        if not self.is_enabled:
            return None
        if self.kind is TriggerKind.IMAGE:
            return at + timedelta(seconds=self.poll_s)
        return next_after(parse(self.cron), at, zone) if self.kind is TriggerKind.SCHEDULE else None

    @property
    def next_there(self) -> str:
        """When a schedule is due next, as clocks in its zone show it; "" where that is UTC, or it is not due."""
        if self.kind is not TriggerKind.SCHEDULE or self.next_at is None or self.zone == "UTC":
            return ""
        return clock_in(self.next_at, self.zone)

    def watches_package(self, name: str) -> bool:
        """Whether the package is among those named."""
        return any(name.lower() == watched.lower() for watched in self.watches)

    @property
    def places(self) -> tuple[EnvironmentId, ...]:
        """Where its runbook runs, each once; none where it runs none, or runs where the target is."""
        if self.action is not TriggerAction.RUN_RUNBOOK:
            return ()
        named = () if self.kind is TriggerKind.TARGET else self.environments
        return tuple(dict.fromkeys((*((self.destination,) if self.destination else ()), *named)))

    @property
    def when(self) -> str:
        """What makes it fire, in few words."""
        if self.kind is TriggerKind.SCHEDULE:
            return f"{self.cron}, {self.zone}"
        if self.kind is TriggerKind.TARGET:
            chosen = [one.value for one in self.events] + [f"tag {tag}" for tag in self.tags]
            return " ".join(["a target becomes available", *([f"({', '.join(chosen)})"] if chosen else [])])
        what = {"package": "new package", "image": "new image", "push": "push of an image"}[self.kind.value]
        return f"{what} {', '.join(self.watches)}".rstrip() if self.watches else f"{what} of the latest release"


@dataclass(frozen=True, slots=True)
class TriggerEvent:
    """Something that happened and that the trigger is to be looked at for, once: `key` is the same over repeats.

    `packages` id → version, `images` name without tag → reference with digest; `target` became available in
    `environments`. `taken_at` None: not looked at yet.
    """

    id: str
    trigger: str
    key: str
    at: datetime
    said: str
    packages: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    target: TargetId | None = None
    environments: tuple[EnvironmentId, ...] = ()
    taken_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TenantOutcome:
    """What became of it for one tenant, whose `name` is as it was then."""

    tenant: TenantId
    name: str
    has_fired: bool
    reason: str
    code: str = ""
    hint: str = ""
    deployment: DeploymentId | None = None
    task: str | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One time that a trigger was looked at: whether it did what it is for (for one tenant at least, where it is for
    `tenants`), and why or why not. `event` is what happened, "" for a time or a person who asked; `environment` the
    name of the one that it was looked at for, "" for none in particular."""

    id: str
    trigger: str
    at: datetime
    due_at: datetime | None
    has_fired: bool
    reason: str
    code: str = ""
    hint: str = ""
    deployment: DeploymentId | None = None
    run: str | None = None
    event: str = ""
    release: ReleaseId | None = None
    task: str | None = None
    environment: str = ""
    tenants: tuple[TenantOutcome, ...] = ()


def check(trigger: Trigger, *, now: datetime, zone: tzinfo) -> Trigger:
    """Itself; Invalid `input.name`, `trigger.invalid`, `schedule.cron`, `schedule.never`."""
    if len(trigger.name) > LONGEST_NAME or not can_be_asked_for(trigger.name):
        raise Invalid("input.name", f"a trigger has a name of 1 to {LONGEST_NAME} characters, no slash", thing="name")
    _check_action(trigger)
    _check_tenants(trigger)
    _check_watched(trigger)
    _check_schedule(trigger, now=now, zone=zone)
    return trigger


def _check_action(trigger: Trigger) -> None:
    if trigger.action not in ACTIONS[trigger.kind]:
        allowed = ", ".join(one.value for one in ACTIONS[trigger.kind])
        message = f"a trigger of kind {trigger.kind.value} does not do {trigger.action.value}"
        raise Invalid("trigger.invalid", message, thing=trigger.name, hint=f"it does one of: {allowed}")
    if trigger.action is TriggerAction.DEPLOY_LATEST and trigger.destination is None:
        raise Invalid("trigger.invalid", "it deploys: where to?", thing=trigger.name, hint="give an environment")
    if trigger.action is TriggerAction.RUN_RUNBOOK and trigger.runbook is None:
        raise Invalid("trigger.invalid", "it runs a runbook: which?", thing=trigger.name, hint="name a runbook")
    is_placed = trigger.kind is TriggerKind.TARGET or bool(trigger.places)
    if trigger.action is TriggerAction.RUN_RUNBOOK and not is_placed:
        raise Invalid("trigger.invalid", "it runs a runbook: where?", thing=trigger.name, hint="give environments")


def _check_tenants(trigger: Trigger) -> None:
    if trigger.is_for_tenants and trigger.action is TriggerAction.NEW_RELEASE:
        message = "a release is made for no tenant"
        raise Invalid("trigger.invalid", message, thing=trigger.name, hint="name tenants where something is deployed")
    if len(trigger.tenants) > MOST_TENANTS:
        message = f"a trigger names {MOST_TENANTS:,} tenants at most"
        raise Invalid("trigger.invalid", message, thing=trigger.name, hint="give them a tag, and name that")


def _check_schedule(trigger: Trigger, *, now: datetime, zone: tzinfo) -> None:
    if trigger.kind is TriggerKind.SCHEDULE:
        if next_after(parse(trigger.cron), now, zone) is None:
            raise Invalid("schedule.never", f"{trigger.cron!r} is never due", thing=trigger.cron[:80])
    elif trigger.cron:
        message = f"a trigger of kind {trigger.kind.value} has no schedule"
        raise Invalid("trigger.invalid", message, thing=trigger.name, hint="leave out the cron line")


def _check_watched(trigger: Trigger) -> None:
    watched = trigger.watches
    if watched and trigger.kind in (TriggerKind.SCHEDULE, TriggerKind.TARGET):
        message = f"a trigger of kind {trigger.kind.value} watches no packages or images"
        raise Invalid("trigger.invalid", message, thing=trigger.name)
    if len(watched) > MOST_WATCHED or not all(0 < len(one) <= LONGEST_WATCHED and one.isprintable() for one in watched):
        raise Invalid("trigger.invalid", f"up to {MOST_WATCHED} packages or images are watched", thing=trigger.name)
    tagged = [one for one in watched if "@" in one or ":" in one.rpartition("/")[2]]
    if tagged and trigger.kind is not TriggerKind.PACKAGE:
        message = f"{tagged[0][:80]} names a tag: images are watched without"
        raise Invalid("trigger.invalid", message, thing=tagged[0][:80], hint="registry.example.com/shop/web")
    if (trigger.tags or trigger.events) and trigger.kind is not TriggerKind.TARGET:
        raise Invalid("trigger.invalid", "tags and events choose targets", thing=trigger.name)
    if trigger.environments and not trigger.places and trigger.kind is not TriggerKind.TARGET:
        message = "environments choose targets, or are where a runbook runs"
        raise Invalid("trigger.invalid", message, thing=trigger.name, hint="a deployment goes to one: its destination")
    if not SHORTEST_POLL_S <= trigger.poll_s <= LONGEST_POLL_S:
        message = f"a registry is asked every {SHORTEST_POLL_S} to {LONGEST_POLL_S:,} s"
        raise Invalid("trigger.invalid", message, thing="poll_s")
