"""What is told of lifecycles."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict


class Keep(TypedDict):
    """How much is kept: so many releases, or so many days; both null: everything."""

    releases: int | None
    days: int | None


class LifecyclePhase(TypedDict):
    """Environments that belong together; none: all that no earlier phase names."""

    name: str
    environments: list[str]
    automatic: bool
    needs_approval: bool
    approval_expires_s: Annotated[int, Field(description="without an answer; 0: never")]
    minimum: Annotated[int, Field(description="of its environments, before the next phase opens; 0: all")]
    is_optional: bool
    keep_releases: Annotated[Keep | None, Field(description="null: as in the phase before it")]
    keep_files: Annotated[Keep | None, Field(description="null: as in the phase before it")]
    line: Annotated[str, Field(description="the phase as people write it")]


class Lifecycle(TypedDict):
    """In which order releases may reach environments."""

    id: str
    name: str
    description: str
    phases: Annotated[list[LifecyclePhase], Field(description="as stated; none: each environment is one")]
    resolved: Annotated[list[LifecyclePhase], Field(description="as they hold with today's environments")]
    keep_releases: Keep
    keep_files: Keep
    projects: Annotated[list[str], Field(description="who follows it")]
    revision: Annotated[int, Field(description="what its ETag holds")]
