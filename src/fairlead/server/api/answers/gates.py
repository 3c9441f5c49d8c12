"""What is told of freezes and defects."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.server.api.answers.lists import Moment


class Freeze(TypedDict):
    """A time in which nothing may be deployed to some places."""

    id: str
    name: str
    starts_at: Moment
    ends_at: Moment | None
    projects: Annotated[list[str], Field(description="none: all")]
    environments: Annotated[list[str], Field(description="none: all")]
    tenants: Annotated[list[str], Field(description="none: whoever it is for")]
    reason: str
    cron: Annotated[str, Field(description='when each time begins; "": it holds from start to end')]
    zone: str
    lasts_s: int
    binds_runbooks: Annotated[bool, Field(description="whether runbooks do not run meanwhile, either")]
    is_active: Annotated[bool, Field(description="whether it holds now")]
    created_at: Moment
    created_by: str
    revision: Annotated[int, Field(description="what its ETag holds")]


class Defect(TypedDict):
    """What holds a release back, or did."""

    id: str
    description: str
    reported_at: Moment
    reported_by: str
    is_open: bool
    resolved_at: Moment | None
    resolved_by: str
    resolution: str
