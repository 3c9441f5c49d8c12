"""Projects, and looking at their repositories."""

from __future__ import annotations

from typing import Any

from fastapi import Response
from pydantic import Field
from starlette.requests import Request

from fairlead.domain.project import ForgeKind, Project, Tenancy, WebhookKind
from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.declaring import key_maker
from fairlead.server.api.doors import After, Asking, Books, IfMatch, Limit, Parts, life_of, revision_of, tag
from fairlead.server.routing import api_router
from fairlead.usecases import cloning, groups, looking, projects, runs
from fairlead.usecases.context import Context

router = api_router("projects")

FIRST_SHOWN = "the one that the host shows first is kept"


class RepositoryBody(Body):
    url: str = Field(max_length=1000)
    branch: str = Field("main", max_length=250)
    folder: str = Field("", max_length=250)
    user: str = Field("", max_length=200)
    poll_s: float | None = Field(None, ge=0, le=86_400, description="0: never; without it as the settings say")
    webhook_kind: WebhookKind = "generic"


class SourceBody(RepositoryBody):
    password: str = Field("", max_length=4000)
    ssh_key: str = Field("", max_length=20_000)
    known_hosts: str = Field("", max_length=20_000, description=f'for ssh: the hosts\' keys; "": {FIRST_SHOWN}')


class OtherSource(RepositoryBody):
    password: str | None = Field(None, max_length=4000, description='without it as before; "": none')
    ssh_key: str | None = Field(None, max_length=20_000, description='without it as before; "": a deploy key')
    known_hosts: str | None = Field(None, max_length=20_000, description=f'without it as before; "": {FIRST_SHOWN}')


class ReportingBody(Body):
    kind: ForgeKind
    api_url: str = Field(max_length=500, pattern=r"^https?://")
    repository: str = Field(max_length=300)


class ForgeBody(ReportingBody):
    token: str = Field("", max_length=4000)


class OtherForge(ReportingBody):
    token: str | None = Field(None, max_length=4000, description='without it as before; "": none')


class NewProject(Body):
    name: str = Field(max_length=40)
    title: str = Field("", max_length=200)
    description: str = Field("", max_length=10_000)
    group: str = Field("", max_length=80)
    source: SourceBody | None = None
    forge: ForgeBody | None = None


class CloneName(Body):
    name: str = Field(max_length=40)


class ProjectChange(Body):
    title: str | None = Field(None, max_length=200)
    description: str | None = Field(None, max_length=10_000)
    is_enabled: bool | None = None
    is_as_code: bool | None = Field(None, description="take what the repository declares below .fairlead")
    tenancy: Tenancy | None = Field(None, description="whether it is deployed for tenants, for nobody, or both")
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
    """Projects, by name; those of one project group, or all."""
    part = projects.page(context, actor, after=after, limit=limit, search=search, group=group)
    names, looks = groups.names(context, actor), runs.contacts_of(context, part.items)
    return shapes.page(
        part,
        lambda one: shapes.project(
            one, webhook_url=projects.webhook_url(context, one), contact=looks.get(one.id), groups=names
        ),
    )


@router.post("/projects", status_code=201)
def add_project(
    context: Books, server: Parts, request: Request, actor: Asking, body: NewProject
) -> answers.AddedProject:
    """Add a project. The webhook's secret is in this answer only. For an SSH address a deploy key is made."""
    source = _source(body.source, server.settings.poll_interval_s) if body.source else None
    forge = projects.NewForge(**body.forge.model_dump()) if body.forge else None
    pair = None
    if projects.needs_key(source):
        pair = key_maker(life_of(request))(f"fairlead-{body.name}")
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


@router.post("/projects/{project}/clone", status_code=201)
def clone_project(
    context: Books, request: Request, actor: Asking, project: str, body: CloneName
) -> answers.AddedProject:
    """Make a new project with all that is set for this one, secrets included, but none of its history. The webhook's
    secret is in this answer only. Triggers are disabled and runbooks not published; with a repository the whole project
    is disabled."""
    made = cloning.clone(context, actor, project, body.name, make_key=key_maker(life_of(request)))
    return {**shown(context, actor, made.project.id), "webhook_secret": made.webhook_secret}


@router.get("/projects/{project}")
def get_project(context: Books, actor: Asking, project: str, response: Response) -> answers.Project:
    """One project."""
    found = shown(context, actor, project)
    tag(response, found["revision"])
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
    """Change some fields of the project; with If-Match only if nobody has changed it since."""
    fields = body.model_dump(exclude_none=True)
    projects.change(context, actor, project, fields, revision=revision_of(if_match))  # type: ignore[arg-type]
    found = shown(context, actor, project)
    tag(response, found["revision"])
    return found


@router.put("/projects/{project}/source")
def connect_project(
    context: Books,
    server: Parts,
    request: Request,
    actor: Asking,
    project: str,
    body: OtherSource,
    response: Response,
    if_match: IfMatch = None,
) -> answers.AddedProject:
    """Connect the project to this repository; with If-Match (the project's revision) only if nobody has changed the
    project since. The webhook's secret is told only if there was no repository before."""
    held = projects.get(context, actor, project)
    wanted = _other_source(body, held, server.settings.poll_interval_s)
    pair = None
    if projects.needs_key(wanted) and not (held.source and held.source.deploy_key):
        pair = key_maker(life_of(request))(f"fairlead-{held.name}")
    done = projects.connect(context, actor, held.id, wanted, made_key=pair, revision=revision_of(if_match))
    life_of(request).look_soon(held.name, "person")
    tag(response, done.project.revision)
    return {**shown(context, actor, held.id), "webhook_secret": done.webhook_secret}


@router.delete("/projects/{project}/source", status_code=204)
def disconnect_project(context: Books, actor: Asking, project: str) -> Response:
    """Disconnect the project from its repository: its releases are then made from outside."""
    projects.connect(context, actor, project, None)
    return Response(status_code=204)


@router.put("/projects/{project}/forge")
def report_to(
    context: Books, actor: Asking, project: str, body: OtherForge, response: Response, if_match: IfMatch = None
) -> answers.Project:
    """Report commit statuses to this forge; with If-Match (the project's revision) only if nobody has changed the
    project since."""
    token = projects.Stays.AS_IT_IS if body.token is None else body.token
    wanted = projects.NewForge(**{**body.model_dump(), "token": token})
    saved = projects.report_to(context, actor, project, wanted, revision=revision_of(if_match))
    tag(response, saved.revision)
    return shown(context, actor, saved.id)


@router.delete("/projects/{project}/forge", status_code=204)
def report_nowhere(context: Books, actor: Asking, project: str) -> Response:
    """Stop reporting commit statuses."""
    projects.report_to(context, actor, project, None)
    return Response(status_code=204)


@router.delete("/projects/{project}", status_code=204)
def remove_project(context: Books, actor: Asking, project: str) -> Response:
    """Remove a project of which nothing was ever deployed."""
    projects.remove(context, actor, project)
    return Response(status_code=204)


@router.post("/projects/{project}/look")
async def look(context: Books, server: Parts, actor: Asking, project: str) -> answers.Look:
    """Ask the repository for its head now, and start a run if it is new."""
    seen = await looking.look_by_name(context, actor, server.source, project)
    return {"head": seen.head, "run": shapes.run(seen.run) if seen.run else None, "reason": seen.reason}


def _other_source(body: OtherSource, held: Project, poll_s: float) -> projects.NewSource:
    """What is not said of secrets and of the hosts' keys stays; a key that a person gave stays where the address is one
    for ssh."""
    before = held.source
    has_own_key = before is not None and before.ssh_key is not None and not before.deploy_key
    stays = projects.Stays.AS_IT_IS
    trusted = {
        "password": stays if body.password is None else body.password,
        "ssh_key": (stays if has_own_key else "") if body.ssh_key is None else body.ssh_key,
        "known_hosts": stays if body.known_hosts is None else body.known_hosts,
    }
    poll = poll_s if body.poll_s is None else body.poll_s
    return projects.NewSource(**{**body.model_dump(), **trusted, "poll_s": poll})


def _source(body: SourceBody, poll_s: float) -> projects.NewSource:
    fields = body.model_dump()
    return projects.NewSource(**{**fields, "poll_s": poll_s if body.poll_s is None else body.poll_s})
