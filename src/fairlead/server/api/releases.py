"""Runs and releases."""

from __future__ import annotations

import base64
import binascii

from pydantic import Field

from fairlead.domain.errors import Invalid
from fairlead.domain.run import RunState
from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asking, Books, Limit, Parts, Search
from fairlead.server.routing import api_router
from fairlead.usecases import looking, releases, runs

router = api_router("releases")


class NewRun(Body):
    commit: str = Field("", max_length=64, description="a whole commit id; empty: the branch's head")


class NewRelease(Body):
    """`files` holds fairlead.yml, the compose files and what they refer to: path → base64. A project whose process
    deploys no services needs neither them nor images."""

    version: str = Field("", max_length=128)
    images: dict[str, str] = Field(default_factory=dict, max_length=200)
    test_image: str = Field("", max_length=500)
    commit: str = Field("", max_length=64)
    notes: str = ""
    channel: str = Field("", max_length=100, description="by name; empty: the first whose rules take the versions")
    packages: dict[str, str] = Field(
        default_factory=dict, max_length=500, description="service or package: version, where no tag says it"
    )
    files: dict[str, str] = Field(default_factory=dict, max_length=2000)


@router.get("/projects/{project}/runs")
def list_runs(
    context: Books,
    actor: Asking,
    project: str,
    state: RunState | None = None,
    after: After = None,
    limit: Limit = 50,
) -> answers.Page[answers.Run]:
    """Runs, the newest first."""
    part = runs.page(context, actor, project, state=state, after=after, limit=limit)
    versions = runs.versions(context, part.items)
    return shapes.page(part, lambda one: {**shapes.run(one), "version": versions.get(one.release or "", "")})


@router.post("/projects/{project}/runs", status_code=201)
async def start_run(context: Books, server: Parts, actor: Asking, project: str, body: NewRun) -> answers.MadeRun:
    """Build a commit again, or one that no webhook announced."""
    commit = body.commit or await looking.head_of(context, actor, server.source, project)
    made = await context.database.run(lambda: runs.start(context, actor, project, commit))
    return shapes.run(made)


@router.get("/runs/{id}")
def get_run(context: Books, actor: Asking, id: str) -> answers.Run:
    """One run."""
    found = runs.get(context, actor, id)
    return {**shapes.run(found), "version": runs.versions(context, [found]).get(found.release or "", "")}


@router.get("/projects/{project}/releases")
def list_releases(
    context: Books,
    actor: Asking,
    project: str,
    search: Search = "",
    channel: str = "",
    after: After = None,
    limit: Limit = 50,
) -> answers.Page[answers.Release]:
    """The project's releases, the newest first."""
    return shapes.page(
        releases.page(context, actor, project, search=search, channel=channel, after=after, limit=limit), shapes.release
    )


@router.post("/projects/{project}/releases", status_code=201)
def create_release(context: Books, actor: Asking, project: str, body: NewRelease) -> answers.Release:
    """Make a release of images that your own CI has built, tested and pushed."""
    contents = {path: _bytes(path, text) for path, text in body.files.items()}
    made = releases.create(
        context,
        actor,
        project,
        version=body.version,
        images=body.images,
        test_image=body.test_image,
        contents=contents,
        commit=body.commit,
        notes=body.notes,
        channel=body.channel,
        packages=body.packages,
    )
    return shapes.release(releases.get(context, actor, project, made.id))


@router.get("/projects/{project}/releases/{version}")
def get_release(context: Books, actor: Asking, project: str, version: str) -> answers.Release:
    """One release, by version, or `latest`."""
    return shapes.release(releases.get(context, actor, project, version))


@router.post("/projects/{project}/releases/{version}/variables")
def update_variables(
    context: Books, actor: Asking, project: str, version: str, *, preview: bool = False
) -> answers.UpdatedVariables:
    """Freeze the project's variables anew for this release. With `preview` only the difference is told."""
    found = releases.update_variables(context, actor, project, version, is_preview=preview)
    changes: list[answers.VariableChange] = [
        {"name": change.name, "scope": change.scope, "old": change.old, "new": change.new} for change in found.changes
    ]
    release = found.release
    return {"version": release.version, "variables": release.variables, "changes": changes, "hidden": found.hidden}


def _bytes(path: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("input.invalid", f"the content of {path[:200]!r} is not base64", thing=path[:200]) from error
