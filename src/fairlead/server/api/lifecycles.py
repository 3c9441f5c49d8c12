"""Lifecycles, and which of them a project follows."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Response
from pydantic import Field

from fairlead.domain.approval import LONGEST_WAIT_S
from fairlead.domain.retention import Keep
from fairlead.formats.phase_lines import PhaseLine, written
from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import Asked, Asking, Books, revision_of, tag
from fairlead.server.routing import api_router
from fairlead.usecases import lifecycles

router = api_router("lifecycles")
IfMatch = Annotated[str | None, Header(description='the revision that was read: "3"')]


class KeepBody(Body):
    releases: int | None = Field(None, ge=0, le=1_000_000)
    days: int | None = Field(None, ge=0, le=100_000)


class PhaseBody(Body):
    name: str = Field(max_length=60)
    environments: list[str] = Field(default_factory=list, max_length=200)
    automatic: bool = False
    needs_approval: bool = False
    approval_expires_s: int = Field(0, ge=0, le=LONGEST_WAIT_S, description="without an answer; 0: never")
    minimum: int = Field(0, ge=0, le=1000)
    is_optional: bool = False
    keep_releases: KeepBody | None = None
    keep_files: KeepBody | None = None


class LifecycleBody(Body):
    name: str = Field(max_length=60)
    description: str = Field("", max_length=10_000)
    phases: list[PhaseBody] = Field(default_factory=list, max_length=50)
    keep_releases: KeepBody | None = Field(None, description="null: as before; {}: everything")
    keep_files: KeepBody | None = Field(None, description="null: as before; {}: everything")


class LifecycleUse(Body):
    lifecycle: str = Field(max_length=80)


@router.get("/lifecycles")
def list_lifecycles(context: Books, actor: Asking, asked: Asked) -> answers.Page[answers.Lifecycle]:
    """Lifecycles, by name."""
    return shapes.page(
        lifecycles.page(context, actor, search=asked.search, after=asked.after, limit=asked.limit), shape
    )


@router.post("/lifecycles", status_code=201)
def add_lifecycle(context: Books, actor: Asking, body: LifecycleBody) -> answers.Lifecycle:
    """Add a lifecycle."""
    return shape(lifecycles.add(context, actor, _draft(body)))


@router.get("/lifecycles/{name}")
def get_lifecycle(context: Books, actor: Asking, name: str, response: Response) -> answers.Lifecycle:
    """One lifecycle: its phases as they are written, and with the environments that they stand for."""
    return _tagged(response, lifecycles.get(context, actor, name))


@router.put("/lifecycles/{name}")
def put_lifecycle(
    context: Books, actor: Asking, name: str, body: LifecycleBody, response: Response, if_match: IfMatch = None
) -> answers.Lifecycle:
    """Replace the lifecycle by the body; with If-Match only if nobody has changed it since."""
    return _tagged(response, lifecycles.change(context, actor, name, _draft(body), revision=revision_of(if_match)))


@router.delete("/lifecycles/{name}", status_code=204)
def remove_lifecycle(context: Books, actor: Asking, name: str) -> Response:
    """Remove a lifecycle that no project or channel follows."""
    lifecycles.remove(context, actor, name)
    return Response(status_code=204)


@router.get("/projects/{project}/lifecycle")
def get_project_lifecycle(context: Books, actor: Asking, project: str) -> answers.Lifecycle:
    """The lifecycle that the project follows."""
    return shape(lifecycles.of_project(context, actor, project))


@router.put("/projects/{project}/lifecycle")
def use_lifecycle(context: Books, actor: Asking, project: str, body: LifecycleUse) -> answers.Lifecycle:
    """Let the project follow this lifecycle. The environments that its releases have reached still count as reached."""
    return shape(lifecycles.use(context, actor, project, body.lifecycle))


def shape(one: lifecycles.LifecycleView) -> answers.Lifecycle:
    """As the API tells it."""
    return {
        "id": one.lifecycle.id,
        "name": one.lifecycle.name,
        "description": one.lifecycle.description,
        "phases": [_phase(phase) for phase in one.phases],
        "resolved": [_phase(phase) for phase in one.resolved],
        "keep_releases": _keep(one.lifecycle.releases),
        "keep_files": _keep(one.lifecycle.files),
        "projects": list(one.projects),
        "revision": one.lifecycle.revision,
    }


def _tagged(response: Response, one: lifecycles.LifecycleView) -> answers.Lifecycle:
    tag(response, one.lifecycle.revision)
    return shape(one)


def _phase(one: PhaseLine) -> answers.LifecyclePhase:
    return {
        "name": one.name,
        "environments": list(one.environments),
        "automatic": one.automatic,
        "needs_approval": one.needs_approval,
        "approval_expires_s": one.approval_expires_s,
        "minimum": one.minimum,
        "is_optional": one.is_optional,
        "keep_releases": _keep(one.releases) if one.releases else None,
        "keep_files": _keep(one.files) if one.files else None,
        "line": written(one),
    }


def _keep(one: Keep) -> answers.Keep:
    return {"releases": one.releases, "days": one.days}


def _draft(body: LifecycleBody) -> lifecycles.Draft:
    phases = [
        PhaseLine(
            phase.name,
            tuple(phase.environments),
            automatic=phase.automatic,
            needs_approval=phase.needs_approval,
            approval_expires_s=phase.approval_expires_s,
            minimum=phase.minimum,
            is_optional=phase.is_optional,
            releases=_kept(phase.keep_releases),
            files=_kept(phase.keep_files),
        )
        for phase in body.phases
    ]
    return lifecycles.Draft(body.name, phases, body.description, _kept(body.keep_releases), _kept(body.keep_files))


def _kept(body: KeepBody | None) -> Keep | None:
    return None if body is None else Keep(body.releases, body.days)
