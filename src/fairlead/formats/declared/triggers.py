"""A project's triggers as a file has them; the same file in a project's own repository."""

from __future__ import annotations

from pydantic import Field

from fairlead.domain.trigger import LONGEST_NAME, TriggerAction
from fairlead.formats.declared.layout import Layout
from fairlead.formats.shape import Shape


class TriggerItem(Shape):
    """A trigger. Its fields have the names that `usecases.triggers.Draft` has, but for the two that say *is*."""

    name: str = Field(max_length=LONGEST_NAME, description="unique in the project")
    cron: str = Field("", max_length=500, description="five fields as Debian's cron, or six or seven as Quartz")
    zone: str = Field("UTC", max_length=60, description="whose clock the schedule means")
    action: TriggerAction = Field(TriggerAction.DEPLOY_LATEST, description="what it does")
    source: str = Field("", max_length=80, description="the latest that is live there; the latest made without it")
    destination: str = Field("", max_length=80, description="the environment that it goes to")
    channel: str = Field("", max_length=100, description="only releases of this channel")
    force: bool = Field(default=False, description="deploy what is there already, too")
    enabled: bool = Field(default=True, description="whether it does anything")


TRIGGERS = Layout(
    "trigger",
    ("projects/{project}/triggers.yml",),
    TriggerItem,
    "what the project does without being asked",
    name_of=lambda item: item.name,
    top="triggers",
)
