"""Subscriptions to events of the audit as a file has them."""

from __future__ import annotations

from pydantic import Field

from fairlead.domain.event_kind import EVERYTHING, GROUPS
from fairlead.domain.subscription import DEFAULT_SCHEDULE, LONGEST_NAME, MOST_ADDRESSES, MOST_OF_A_FILTER
from fairlead.domain.webhook_header import MOST_HEADERS
from fairlead.formats.declared.layout import Layout, SecretField
from fairlead.formats.shape import Shape


class SubscriptionItem(Shape):
    """A subscription."""

    name: str = Field(max_length=LONGEST_NAME)
    owner: str = Field("", max_length=64, description="whose eyes it has; without it, of a new one, who applies it")
    to: tuple[str, ...] = Field(
        (),
        max_length=MOST_ADDRESSES,
        description="one http(s) address, which is posted each event, or mail addresses, which get a digest; without "
        "any the members of the team get it",
    )
    secret: SecretField | None = Field(None, description="what signs a webhook")
    headers: dict[str, SecretField] = Field(
        {}, max_length=MOST_HEADERS, description="what else a webhook is posted with: name → value"
    )
    events: tuple[str, ...] = Field(
        (EVERYTHING,),
        max_length=MOST_OF_A_FILTER,
        description="kinds, as deployment.failed, or deployment. for all of a noun; groups; or *. Groups: "
        f"{', '.join(GROUPS)}",
    )
    projects: tuple[str, ...] = Field((), max_length=MOST_OF_A_FILTER, description="only of these; all without any")
    environments: tuple[str, ...] = Field((), max_length=MOST_OF_A_FILTER, description="only in these")
    tenants: tuple[str, ...] = Field((), max_length=MOST_OF_A_FILTER, description="only for these")
    people: tuple[str, ...] = Field((), max_length=MOST_OF_A_FILTER, description="only what these users did")
    team: str = Field("", max_length=100, description="only what this team may view, too")
    schedule: str = Field(DEFAULT_SCHEDULE, max_length=500, description="when a digest is sent, as a line of cron")
    zone: str = Field("UTC", max_length=60, description="whose clock the schedule means, and the digest shows")
    enabled: bool = Field(default=True, description="whether anything is told")


SUBSCRIPTIONS = Layout(
    "subscription",
    ("subscriptions.yml",),
    SubscriptionItem,
    "events of the audit that are told on",
    name_of=lambda item: item.name,
    top="subscriptions",
    left_alone=("owner",),
)
