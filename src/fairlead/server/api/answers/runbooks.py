"""What is told of runbooks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.domain.project import Tenancy
from fairlead.domain.runbook import RunbookRunState
from fairlead.server.api.answers.lists import Moment
from fairlead.server.api.answers.plans import Plan


class Runbook(TypedDict):
    """A process of a project that needs no release."""

    id: str
    project: str
    name: str
    description: str
    environments: Annotated[list[str], Field(description="where it may run; none: everywhere")]
    tenancy: Annotated[Tenancy | None, Field(description="for whom it may run; null: as the project is deployed")]
    in_lifecycle: Annotated[bool, Field(description="only in the environments of the project's lifecycle")]
    kept_runs: Annotated[int, Field(description="in each environment, for each tenant")]
    text: Annotated[str, Field(description="its draft, as YAML")]
    steps: Annotated[list[str], Field(description="names of its draft's steps")]
    is_published: bool
    is_changed: Annotated[bool, Field(description="whether the draft is not what is published")]
    published_at: Moment | None
    published_by: str
    packages: Annotated[dict[str, str], Field(description="of the feed, that what is published takes files from")]
    script_commits: Annotated[dict[str, str], Field(description="action: commit of the other repository of its script")]
    step_images: Annotated[dict[str, str], Field(description="action: image of its container, by digest")]
    created_at: Moment
    created_by: str
    revision: Annotated[int, Field(description="what its ETag holds")]


class RunbookPlan(Plan):
    """What a run would do, step by step; `refused` is the rule that would refuse it if it were asked for now, "" for
    none."""

    refused: str


class RunbookRun(TypedDict):
    """One run of a runbook; follow its task. Before its time has come it has none, nor where it never began."""

    id: str
    number: int
    runbook: str
    project: str
    environment: str
    tenant: Annotated[str, Field(description='for whom; "": for nobody in particular')]
    task: Annotated[str | None, Field(description="null: it waits for its time, or never began")]
    state: RunbookRunState
    code: str
    reason: str
    hint: str
    not_before: Annotated[Moment | None, Field(description="null: as soon as it is its turn")]
    not_after: Annotated[Moment | None, Field(description="after it, it does not begin any more")]
    published_at: Moment
    created_at: Moment
    created_by: str


class RefusedRun(TypedDict):
    """A tenant for which a rule said no in an environment, while others had their run."""

    tenant: str
    environment: str
    code: str
    detail: str
    hint: str


class TenantRuns(TypedDict):
    """What became of runs for several tenants."""

    made: list[RunbookRun]
    refused: list[RefusedRun]
