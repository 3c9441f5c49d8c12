"""Whom to tell of what, as a file has it: of one project, or of the installation."""

from __future__ import annotations

from pydantic import Field

from fairlead.domain.notification import DEFAULT_EVENTS, EVENTS
from fairlead.formats.declared.layout import Layout, SecretField
from fairlead.formats.shape import Shape


class NotificationItem(Shape):
    """Who is told."""

    address: str = Field(max_length=500, description="a mail address or an http(s) address")
    events: tuple[str, ...] = Field(DEFAULT_EVENTS, description=f"of what: * or some of {', '.join(EVENTS)}")
    secret: SecretField | None = Field(None, description="what signs a webhook")


NOTIFICATIONS = Layout(
    "notification",
    ("notifications.yml", "projects/{project}/notifications.yml"),
    NotificationItem,
    "whom to tell",
    name_of=lambda item: item.address,
    top="notifications",
    may_repeat=True,
)
