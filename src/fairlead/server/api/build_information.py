"""Build information of packages."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import Response
from pydantic import Field

from fairlead.domain.build_information import BuildCommit, BuildInformation, WorkItem, commit_url
from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asking, Books, Limit
from fairlead.server.routing import api_router
from fairlead.usecases import build_information

router = api_router("build information")


class CommitBody(Body):
    id: str = Field(max_length=200)
    comment: str = Field("", max_length=20_000)


class WorkItemBody(Body):
    id: str = Field(max_length=200)
    url: str = Field("", max_length=2000)
    description: str = Field("", max_length=2000)


class BuildBody(Body):
    """Of one package and version; the package may come later."""

    package: str = Field(max_length=200)
    version: str = Field(max_length=128)
    build_environment: str = Field("", max_length=2000, description="for example GitHub Actions")
    build_number: str = Field("", max_length=2000)
    build_url: str = Field("", max_length=2000)
    branch: str = Field("", max_length=2000)
    vcs_type: str = Field("Git", max_length=2000)
    vcs_root: str = Field("", max_length=2000, description="the repository's address; commits and issues link to it")
    commit: str = Field("", max_length=2000)
    commits: list[CommitBody] = Field(default_factory=list, max_length=2000)
    work_items: list[WorkItemBody] = Field(default_factory=list, max_length=2000)


@router.get("/build-information")
def list_build_information(
    context: Books, actor: Asking, package: str = "", after: After = None, limit: Limit = 50
) -> answers.Page[answers.BuildInformation]:
    """Build information, the newest first; of one package, or of all."""
    return shapes.page(build_information.page(context, actor, package=package, after=after, limit=limit), build_shape)


@router.post("/build-information", status_code=201)
def push_build_information(
    context: Books, actor: Asking, body: BuildBody, on_existing: build_information.OnExisting = "fail"
) -> answers.BuildInformation:
    """Record what a build server tells of a version of a package."""
    told = BuildInformation(
        id="",
        created_at=datetime.fromtimestamp(0, UTC),
        **{
            **body.model_dump(exclude={"commits", "work_items"}),
            "commits": tuple(BuildCommit(one.id, one.comment) for one in body.commits),
            "work_items": tuple(WorkItem(one.id, one.url, one.description) for one in body.work_items),
        },
    )
    return build_shape(build_information.push(context, actor, told, on_existing=on_existing))


@router.get("/build-information/{package}/{version}")
def get_build_information(context: Books, actor: Asking, package: str, version: str) -> answers.BuildInformation:
    """The build information of one version of a package."""
    return build_shape(build_information.get(context, actor, package, version))


@router.delete("/build-information/{package}/{version}", status_code=204)
def remove_build_information(context: Books, actor: Asking, package: str, version: str) -> Response:
    """Remove the build information of one version of a package."""
    build_information.remove(context, actor, package, version)
    return Response(status_code=204)


def build_shape(one: BuildInformation) -> answers.BuildInformation:
    """As the API tells it."""
    commits: list[answers.BuildCommit] = [
        {"id": commit.id, "comment": commit.comment, "url": commit_url(one, commit.id)} for commit in one.commits
    ]
    items: list[answers.WorkItem] = [
        {"id": item.id, "url": item.url, "description": item.description} for item in one.issues
    ]
    return {
        "id": one.id,
        "package": one.package,
        "version": one.version,
        "build_environment": one.build_environment,
        "build_number": one.build_number,
        "build_url": one.build_url,
        "branch": one.branch,
        "vcs_type": one.vcs_type,
        "vcs_root": one.vcs_root,
        "commit": one.commit,
        "commits": commits,
        "work_items": items,
        "created_at": one.created_at.isoformat(),
        "created_by": one.created_by,
    }
