"""What is told of builds, of what a deployment brings, and of how releases are numbered."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.server.api.answers.lists import Moment


class BuildCommit(TypedDict):
    """A commit that went into a package; `url` "" where it leads nowhere."""

    id: str
    comment: str
    url: str


class WorkItem(TypedDict):
    """An issue that a package settles."""

    id: str
    url: str
    description: str


class BuildInformation(TypedDict):
    """What a build server told of a package and version."""

    id: str
    package: str
    version: str
    build_environment: str
    build_number: str
    build_url: str
    branch: str
    vcs_type: str
    vcs_root: str
    commit: str
    commits: list[BuildCommit]
    work_items: Annotated[list[WorkItem], Field(description="as told, and as the commits name them")]
    created_at: Moment
    created_by: str


class ReleaseChange(TypedDict):
    """A release that a deployment brings."""

    version: str
    notes: str
    builds: list[BuildInformation]


class DeploymentChanges(TypedDict):
    """What a deployment brings, the oldest release first; `previous` is what was live there, "" for nothing."""

    version: str
    environment: str
    previous: str
    releases: list[ReleaseChange]
    markdown: str


class ReleaseSettings(TypedDict):
    """How a project's releases are numbered and described."""

    version_template: str
    donor: str
    notes_template: str
    changes_template: str
    locks_variables: bool
    revision: Annotated[int, Field(description="what its ETag holds")]


class NextVersion(TypedDict):
    """The version that the next release would have, and its channel."""

    version: str
    channel: str
