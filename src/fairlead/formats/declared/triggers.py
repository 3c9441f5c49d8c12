"""A project's triggers as a file has them; the same file in a project's own repository."""

from __future__ import annotations

from pydantic import Field

from fairlead.domain.trigger import (
    ACTIONS,
    DEFAULT_POLL_S,
    LONGEST_NAME,
    MOST_TENANTS,
    TargetEvent,
    TriggerAction,
    TriggerKind,
)
from fairlead.formats.declared.layout import Layout
from fairlead.formats.shape import Shape


class TriggerItem(Shape):
    """A trigger. Its fields have the names that `usecases.triggers.Draft` has, but for the two that say *is*."""

    name: str = Field(max_length=LONGEST_NAME, description="unique in the project")
    cron: str = Field("", max_length=500, description="five fields as Debian's cron, or six or seven as Quartz")
    zone: str = Field("UTC", max_length=60, description="whose clock the schedule means")
    kind: TriggerKind = Field(TriggerKind.SCHEDULE, description="what makes it fire")
    action: TriggerAction | None = Field(None, description="what it does; without it what its kind does first of all")
    source: str = Field("", max_length=80, description="the latest that is live there; the latest made without it")
    destination: str = Field("", max_length=80, description="the environment that it goes to")
    channel: str = Field("", max_length=100, description="only releases of this channel")
    force: bool = Field(default=False, description="deploy what is there already, too")
    enabled: bool = Field(default=True, description="whether it does anything")
    runbook: str = Field("", max_length=100, description="the one that it runs")
    watches: tuple[str, ...] = Field((), max_length=50, description="packages, or images; else the latest release has")
    poll_s: int = Field(DEFAULT_POLL_S, description="how often a registry is asked")
    environments: tuple[str, ...] = Field(
        (), max_length=100, description="of targets: only there; of a runbook: in each"
    )
    tags: tuple[str, ...] = Field((), max_length=50, description="of targets: only those with one of these")
    events: tuple[TargetEvent, ...] = Field((), max_length=3, description="of targets: only these")
    tenants: tuple[str, ...] = Field((), max_length=MOST_TENANTS, description="for each of whom it does it")
    tenant_tags: tuple[str, ...] = Field((), max_length=100, description="and for each tenant with these, Set/Tag")


def normal(item: TriggerItem) -> TriggerItem:
    """Without an action that is what its kind does anyway; tenants and their tags in the order of the letters."""
    usual = {"action": None} if item.action is ACTIONS[item.kind][0] else {}
    ordered = {"tenants": tuple(sorted(set(item.tenants))), "tenant_tags": tuple(sorted(set(item.tenant_tags)))}
    return item.model_copy(update={**ordered, **usual})


TRIGGERS = Layout(
    "trigger",
    ("projects/{project}/triggers.yml",),
    TriggerItem,
    "what the project does without being asked",
    name_of=lambda item: item.name,
    top="triggers",
    normal=normal,
)
