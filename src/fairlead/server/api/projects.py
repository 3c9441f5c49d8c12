"""Projects, and looking at their repositories."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import Field
from starlette.requests import Request

from fairlead.domain.project import ForgeKind, WebhookKind
from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asking, Books, IfMatch, Limit, Parts, life_of, revision_of
from fairlead.usecases import groups, looking, projects, runs
from fairlead.usecases.context import Context

router = APIRouter(tags=["projects"])


class SourceBody(Body):
    url: str = Field(max_length=1000)
    branch: str = Field("main", max_length=250)
    folder: str = Field("", max_length=250)
    user: str = Field("", max_length=200)
    password: str = Field("", max_length=4000)
    ssh_key: str = Field("", max_length=20_000)
    known_hosts: str = Field("", max_length=20_000)
    poll_s: float | None = Field(None, ge=0, le=86_400, description="0: never; without it as the settings say")
    webhook_kind: WebhookKind = "generic"


class ForgeBody(Body):
    kind: ForgeKind
    api_url: str = Field(max_length=500, pattern=r"^https?://")
    repository: str = Field(max_length=300)
    token: str = Field("", max_length=4000)


class NewProject(Body):
    name: str = Field(max_length=40)
    title: str = Field("", max_length=200)
    description: str = Field("", max_length=10_000)
    group: str = Field("", max_length=80)
    source: SourceBody | None = None
    forge: ForgeBody | None = None


class ProjectChange(Body):
    title: str | None = Field(None, max_length=200)
    description: str | None = Field(None, max_length=10_000)
    is_enabled: bool | None = None
    is_as_code: bool | None = Field(None, description="take what the repository declares below .fairlead")
    branch: str | None = Field(None, max_length=250)
    poll_s: float | None = Field(None, ge=0, le=86_400)
    group: str | None = Field(None, max_length=80, description='"": in none')


def shown(context: Context, actor: Any, name: str) -> answers.Project:
    """A project with the state of its repository."""
    found = projects.get(context, actor, name)
    contact = runs.contact_of(context, actor, found.id)
    url, names = projects.webhook_url(context, found), groups.names(context, actor)
    return shapes.project(found, webhook_url=url, contact=contact, groups=names)


@router.get("/projects")
def list_projects(
    context: Books, actor: Asking, search: str = "", group: str = "", after: After = None, limit: Limit = 50
) -> answers.Page[answers.Project]:
    """By name; those of one project group where it is given."""
    part = projects.page(context, actor, after=after, limit=limit, search=search, group=group)
    names = groups.names(context, actor)
    return shapes.page(part, lambda one: shapes.project(one, groups=names))


@router.post("/projects", status_code=201)
def add_project(
    context: Books, server: Parts, request: Request, actor: Asking, body: NewProject
) -> answers.AddedProject:
    """A new project; the webhook's secret is told only now. A deploy key is made for an ssh address."""
    source = _source(body.source, server.settings.poll_interval_s) if body.source else None
    forge = projects.NewForge(**body.forge.model_dump()) if body.forge else None
    pair = None
    if projects.needs_key(source):
        made = server.source.deploy_key(f"fairlead-{body.name}")
        pair = projects.KeyPair(made.private, made.public)
    added = projects.add(
        context,
        actor,
        body.name,
        title=body.title,
        description=body.description,
        source=source,
        forge=forge,
        made_key=pair,
        group=body.group,
    )
    if source is not None:
        life_of(request).look_soon(body.name, "person")
    shown_now = shapes.project(
        added.project,
        webhook_url=projects.webhook_url(context, added.project),
        groups={str(added.project.group): body.group},
    )
    return {**shown_now, "webhook_secret": added.webhook_secret}


@router.get("/projects/{project}")
def get_project(context: Books, actor: Asking, project: str, response: Response) -> answers.Project:
    """One project."""
    found = shown(context, actor, project)
    response.headers["ETag"] = f'"{found["revision"]}"'
    return found


@router.patch("/projects/{project}")
def change_project(
    context: Books,
    actor: Asking,
    project: str,
    body: ProjectChange,
    response: Response,
    if_match: IfMatch = None,
) -> answers.Project:
    """Some fields of it; with If-Match only if nobody changed it since."""
    fields = body.model_dump(exclude_none=True)
    projects.change(context, actor, project, fields, revision=revision_of(if_match))  # type: ignore[arg-type]
    found = shown(context, actor, project)
    response.headers["ETag"] = f'"{found["revision"]}"'
    return found


@router.delete("/projects/{project}", status_code=204)
def remove_project(context: Books, actor: Asking, project: str) -> Response:
    """One of which nothing was ever deployed."""
    projects.remove(context, actor, project)
    return Response(status_code=204)


@router.post("/projects/{project}/look")
async def look(context: Books, server: Parts, actor: Asking, project: str) -> answers.Look:
    """Ask the repository for its head now; a run where it is new."""
    seen = await looking.look_by_name(context, actor, server.source, project)
    return {"head": seen.head, "run": shapes.run(seen.run) if seen.run else None, "reason": seen.reason}


def _source(body: SourceBody, poll_s: float) -> projects.NewSource:
    fields = body.model_dump()
    return projects.NewSource(**{**fields, "poll_s": poll_s if body.poll_s is None else body.poll_s})
