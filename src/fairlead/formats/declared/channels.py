"""A project's channels as a file has them; the same file in a project's own repository."""

from __future__ import annotations

from pydantic import Field

from fairlead.domain.channel import LONGEST_NAME, LONGEST_TAG, MOST_PACKAGES, MOST_RULES, RangeNotation
from fairlead.formats.declared.layout import Layout
from fairlead.formats.shape import Shape


class RuleItem(Shape):
    """Which versions a channel takes."""

    packages: tuple[str, ...] = Field((), max_length=MOST_PACKAGES, description="services or packages; all without any")
    range: str = Field("", max_length=LONGEST_TAG, description="such as [1.0,2.0)")
    notation: RangeNotation = Field("nuget", description="how the range is written")
    tag: str = Field("", max_length=LONGEST_TAG, description="an expression that is searched in the pre-release tag")


class ChannelItem(Shape):
    """A channel."""

    name: str = Field(max_length=LONGEST_NAME)
    default: bool | None = Field(None, description="whether releases go there that name none; stays without it")
    description: str = Field("", max_length=10_000)
    lifecycle: str = Field("", description="its own lifecycle; the project's without one")
    rules: tuple[RuleItem, ...] = Field((), max_length=MOST_RULES, description="which versions it takes")
    tenant_tags: tuple[str, ...] = Field((), max_length=100, description="whose tenants its releases are for, Set/Tag")


CHANNELS = Layout(
    "channel",
    ("projects/{project}/channels.yml",),
    ChannelItem,
    "the project's lines of releases",
    name_of=lambda item: item.name,
    top="channels",
    left_alone=("default",),
)
