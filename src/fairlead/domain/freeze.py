"""A deployment freeze: a time in which neither people nor Fairlead itself deploys anything to some places."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from fairlead.domain.cron import parse
from fairlead.domain.errors import Invalid
from fairlead.domain.ids import EnvironmentId, ProjectId, TenantId
from fairlead.domain.names import can_be_asked_for
from fairlead.domain.occurrences import next_after

LONGEST_NAME = 100
LONGEST_WINDOW_S = 366 * 86_400
MOST_JOINED = 100
NO_SCHEDULE_BEFORE = datetime(1972, 1, 1, tzinfo=UTC)
"""Times of a schedule that run into one another, of which the last one's end is told: one that never ends is asked
again then."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """From `starts_at` until `ends_at` (None: for ever). With `cron` it holds only for `lasts_s` from each time that
    the line is due in `zone`, within these. No projects: all; no environments: all; no tenants: whoever it is for, and
    with some of them what is for nobody is not bound. Runs of runbooks are bound only
    where `binds_runbooks`: in need, a runbook is often what helps."""

    id: str
    name: str
    starts_at: datetime
    ends_at: datetime | None
    created_at: datetime
    projects: tuple[ProjectId, ...] = ()
    environments: tuple[EnvironmentId, ...] = ()
    reason: str = ""
    cron: str = ""
    zone: str = "UTC"
    lasts_s: int = 0
    created_by: str = ""
    revision: int = 1
    binds_runbooks: bool = False
    tenants: tuple[TenantId, ...] = ()

    def covers(self, project: ProjectId, environment: EnvironmentId, tenant: TenantId | None = None) -> bool:
        """Whether the place is among those that it freezes, at some time."""
        return (
            (not self.projects or project in self.projects)
            and (not self.environments or environment in self.environments)
            and (not self.tenants or tenant in self.tenants)
        )

    def until(self, at: datetime, zone: tzinfo) -> datetime | None:
        """When it ends, where it holds at that moment; None where it does not. `zone` is that of its name. A freeze
        without an end holds until the year 9999."""
        end = self.ends_at or datetime.max.replace(tzinfo=at.tzinfo)
        if not self.starts_at <= at < end:
            return None
        if not self.cron:
            return end
        lasting, cron = timedelta(seconds=self.lasts_s), parse(self.cron)
        begun = next_after(cron, at - lasting, zone)
        if begun is None or begun > at:
            return None
        for _ in range(MOST_JOINED):
            following = next_after(cron, begun, zone)
            if following is None or following > begun + lasting:
                break
            begun = following
        return min(begun + lasting, end)


def check(freeze: Freeze) -> Freeze:
    """Itself; Invalid `freeze.window` where it never holds, `schedule.cron` where its line is none."""
    if len(freeze.name) > LONGEST_NAME or not can_be_asked_for(freeze.name):
        raise Invalid("input.name", f"a freeze has a name of 1 to {LONGEST_NAME} characters, no slash", thing="name")
    if freeze.ends_at is not None and freeze.ends_at <= freeze.starts_at:
        raise Invalid("freeze.window", "a freeze ends after it starts", thing=freeze.name)
    if freeze.cron:
        cron = parse(freeze.cron)
        if not 60 <= freeze.lasts_s <= LONGEST_WINDOW_S:
            raise Invalid("freeze.window", "a recurring freeze lasts from a minute to a year", thing=freeze.name)
        before = timedelta(seconds=freeze.lasts_s) + timedelta(days=1)  # one that still lasts; whatever the zone
        first = next_after(cron, max(freeze.starts_at, NO_SCHEDULE_BEFORE) - before, UTC)
        if first is None or (freeze.ends_at is not None and first - timedelta(days=1) >= freeze.ends_at):
            raise Invalid(
                "freeze.window", f"no time of {freeze.cron!r} comes while the freeze is on", thing=freeze.name
            )
    elif freeze.lasts_s:
        raise Invalid("freeze.window", "how long it lasts is for a freeze with a schedule", thing=freeze.name)
    elif freeze.ends_at is None:
        raise Invalid("freeze.window", "a freeze without a schedule has an end", thing=freeze.name)
    return freeze
