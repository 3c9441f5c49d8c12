"""A trigger: what is done without being asked when a time comes, and the record of each time that it was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from fairlead.domain.cron import parse
from fairlead.domain.errors import Invalid
from fairlead.domain.ids import ChannelId, DeploymentId, EnvironmentId, ProjectId
from fairlead.domain.occurrences import next_after

LONGEST_NAME = 100
GRACE = timedelta(hours=1)
"""A time that passed while no server ran is made good within this; what is later is only recorded."""


class TriggerAction(StrEnum):
    """What a trigger does.

    deploy-latest  the latest release that is live in the source environment, or without one the latest made, goes to
                   the destination
    new-release    a run of the branch's head as it was last seen, which makes a release
    """

    DEPLOY_LATEST = "deploy-latest"
    NEW_RELEASE = "new-release"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A schedule of a project. `next_at` is when it is due next; None: never, or disabled."""

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

    def due_after(self, at: datetime, zone: tzinfo) -> datetime | None:
        """When it is due next; None where it is disabled."""
        return next_after(parse(self.cron), at, zone) if self.is_enabled else None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One time that a trigger was looked at: whether it did what it is for, and why or why not."""

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


def check(trigger: Trigger, *, now: datetime, zone: tzinfo) -> Trigger:
    """Itself with its next time; Invalid `trigger.invalid`, `schedule.cron`, `schedule.never`."""
    if not trigger.name.strip() or len(trigger.name) > LONGEST_NAME or not trigger.name.isprintable():
        raise Invalid("input.name", f"a trigger has a name of 1 to {LONGEST_NAME} characters", thing="name")
    if trigger.action is TriggerAction.DEPLOY_LATEST and trigger.destination is None:
        raise Invalid("trigger.invalid", "it deploys: where to?", thing=trigger.name, hint="give an environment")
    if next_after(parse(trigger.cron), now, zone) is None:
        raise Invalid("schedule.never", f"{trigger.cron!r} is never due", thing=trigger.cron[:80])
    return trigger
