"""What is told of channels and of how releases are numbered."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.domain.channel import RangeNotation


class VersionRule(TypedDict):
    """Which versions of which packages a channel takes; without packages it is about all."""

    packages: list[str]
    range: str
    notation: RangeNotation
    tag: str


class Channel(TypedDict):
    """A line of releases; `lifecycle` "" where it is the project's."""

    id: str
    name: str
    description: str
    lifecycle: str
    is_default: bool
    rules: list[VersionRule]
    tenant_tags: list[str]
    revision: Annotated[int, Field(description="what its ETag holds")]
