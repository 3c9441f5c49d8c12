"""What is told of retention."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.server.api.answers.lists import Moment


class RetainedPackage(TypedDict):
    """What retention would do now to a package of the feed, or to what a build told."""

    noun: Annotated[str, Field(description="package, or build information")]
    name: str
    version: str
    created_at: Moment
    is_kept: bool
    reason: str


class RetainedRelease(TypedDict):
    """What retention would do to a release now."""

    project: str
    version: str
    created_at: Moment
    is_kept: bool
    reason: Annotated[str, Field(description="what each counter said, or what protects it")]
