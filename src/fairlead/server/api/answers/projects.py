"""What is told of projects, runs and releases."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.domain.project import ForgeKind, Tenancy, WebhookKind
from fairlead.domain.run import RunCause, RunState
from fairlead.server.api.answers.lists import Moment


class Source(TypedDict):
    """A project's repository. `deploy_key` is the public half, to be pasted at the forge."""

    url: str
    branch: str
    folder: str
    user: str
    deploy_key: str
    known_hosts: Annotated[str, Field(description='for ssh: the hosts\' keys; "": the one shown first is kept')]
    poll_s: Annotated[float, Field(description="0: it is never asked without a webhook")]
    webhook_kind: WebhookKind
    webhook_url: str


class Forge(TypedDict):
    """Where commit statuses are reported."""

    kind: ForgeKind
    api_url: str
    repository: str


class Contact(TypedDict):
    """How the repository answered when it was last asked; `at` null: it was not asked yet."""

    ok: bool
    head: str
    branch: str
    reason: str
    at: Moment | None


class Project(TypedDict):
    """A project, its repository, and how that answered."""

    id: str
    name: str
    title: str
    description: str
    group: Annotated[str, Field(description='its project group; "": none')]
    is_enabled: bool
    is_as_code: Annotated[bool, Field(description="what its repository declares below .fairlead is taken")]
    tenancy: Annotated[Tenancy, Field(description="whether it is deployed for tenants, for nobody, or both")]
    code_nouns: Annotated[list[str], Field(description="what it declares, and is edited nowhere else")]
    created_at: Moment
    revision: Annotated[int, Field(description="what its ETag holds")]
    url: str
    branch: str
    source: Source | None
    forge: Forge | None
    contact: Contact


class AddedProject(Project):
    """A project that was just made."""

    webhook_secret: Annotated[str, Field(description='told only now; "" without a repository')]


class VariableChange(TypedDict):
    """What differs between two snapshots; null on the side where the variable is not."""

    name: str
    scope: str
    old: str | None
    new: str | None


class UpdatedVariables(TypedDict):
    """The release with the snapshot that it has now, and what the act changed, or would change; `hidden` is how many
    more changes are of variables that you may not view."""

    version: str
    variables: str
    changes: list[VariableChange]
    hidden: int


class MadeRun(TypedDict):
    """What makes a release of a commit."""

    id: str
    number: int
    branch: str
    commit: str
    subject: str
    cause: RunCause
    state: RunState
    task: str | None
    release: str | None
    code: str
    reason: str
    created_at: Moment
    created_by: str
    ended_at: Moment | None


class Run(MadeRun):
    """What makes a release of a commit, with the release's version."""

    version: Annotated[str, Field(description='"" while there is no release')]


class Look(TypedDict):
    """What asking a repository gave: the branch's head, and the run that it began; `reason` where it began none."""

    head: str
    run: MadeRun | None
    reason: str


class Commit(TypedDict):
    """A commit that a release has and the one before it has not."""

    commit: str
    author: str
    at: str
    subject: str


class Release(TypedDict):
    """What is deployed: images by digest, the files as they were, and a snapshot of the variables."""

    id: str
    version: str
    channel: str
    packages: Annotated[dict[str, str], Field(description='service or package: version, "" where it is not known')]
    script_commits: Annotated[dict[str, str], Field(description="action: commit of the other repository of its script")]
    step_images: Annotated[dict[str, str], Field(description="action: image of its container, by digest")]
    commit: str
    branch: str
    images: Annotated[dict[str, str], Field(description="service: image by digest")]
    test_image: str
    changes: list[Commit]
    files: list[str]
    variables: str
    notes: str
    warnings: list[str]
    live_in: list[str]
    is_deployable: bool
    gone: Annotated[list[str], Field(description="images of it that were let go")]
    run: str | None
    created_at: Moment
    created_by: str


class Accepted(TypedDict):
    """What a delivery led to: false where it was about something else, or was seen before."""

    accepted: bool


class MadeReleases(TypedDict):
    """The versions that a registry's notification led to."""

    releases: list[str]
