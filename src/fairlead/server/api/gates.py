"""Freezes of deployments, and defects that hold a release back."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Response
from pydantic import Field

from fairlead.domain.defect import Defect
from fairlead.formats.moments import GivenTime
from fairlead.server.api import answers, shapes
from fairlead.server.api.answers import gates as told
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asked, Asking, Books, Limit, Search, revision_of, tag
from fairlead.server.routing import api_router
from fairlead.usecases import defects, freezes

router = api_router("freezes and defects")


class FreezeBody(Body):
    name: str = Field(max_length=100)
    starts_at: GivenTime | None = Field(None, description="null: now, or as before")
    ends_at: GivenTime | None = Field(None, description="needed without a schedule")
    projects: list[str] = Field(default_factory=list, max_length=1000, description="none: all")
    environments: list[str] = Field(default_factory=list, max_length=200, description="none: all")
    tenants: list[str] = Field(default_factory=list, max_length=1000, description="none: whoever it is for")
    reason: str = Field("", max_length=2000)
    cron: str = Field("", max_length=500, description="when each time begins, as a line of cron")
    zone: str = Field("UTC", max_length=60)
    lasts_s: int = Field(0, ge=0, le=366 * 86_400, description="how long each time of the schedule lasts")
    binds_runbooks: bool = Field(default=False, description="runbooks do not run meanwhile, either")


class NewDefect(Body):
    description: str = Field(max_length=10_000)


class Resolution(Body):
    resolution: str = Field("", max_length=10_000)


@router.get("/freezes")
def list_freezes(
    context: Books, actor: Asking, search: Search = "", after: After = None, limit: Limit = 50
) -> answers.Page[told.Freeze]:
    """Deployment freezes, the newest first."""
    return shapes.page(freezes.page(context, actor, search=search, after=after, limit=limit), freeze)


@router.post("/freezes", status_code=201)
def add_freeze(context: Books, actor: Asking, body: FreezeBody) -> told.Freeze:
    """Add a freeze. It holds back deployments of people and automatic ones alike."""
    return freeze(freezes.add(context, actor, freezes.Draft(**body.model_dump())))


@router.get("/freezes/{name}")
def get_freeze(context: Books, actor: Asking, name: str, response: Response) -> told.Freeze:
    """One freeze."""
    return _tagged(response, freezes.get(context, actor, name))


@router.put("/freezes/{name}")
def put_freeze(
    context: Books,
    actor: Asking,
    name: str,
    body: FreezeBody,
    response: Response,
    if_match: Annotated[str | None, Header(description='the revision that was read: "3"')] = None,
) -> told.Freeze:
    """Replace the freeze by the body; with If-Match only if nobody has changed it since."""
    wanted = freezes.Draft(**body.model_dump())
    return _tagged(response, freezes.change(context, actor, name, wanted, revision=revision_of(if_match)))


@router.delete("/freezes/{name}", status_code=204)
def remove_freeze(context: Books, actor: Asking, name: str) -> Response:
    """Remove the freeze: it no longer holds anything back."""
    freezes.remove(context, actor, name)
    return Response(status_code=204)


@router.get("/projects/{project}/releases/{version}/defects")
def list_defects(context: Books, actor: Asking, project: str, version: str, asked: Asked) -> answers.Page[told.Defect]:
    """The release's defects, the newest first."""
    return shapes.cut(
        defects.of_release(context, actor, project, version),
        defect,
        asked,
        name=lambda one: one.description,
        order=lambda one: one.id,
    )


@router.post("/projects/{project}/releases/{version}/defects", status_code=201)
def report_defect(context: Books, actor: Asking, project: str, version: str, body: NewDefect) -> told.Defect:
    """Report a defect: until it is resolved, the release cannot go on to phases where it has not been live."""
    return defect(defects.report(context, actor, project, version, body.description))


@router.post("/defects/{id}/resolve")
def resolve_defect(context: Books, actor: Asking, id: str, body: Resolution) -> told.Defect:
    """Resolve the defect: the release may go on as its lifecycle says."""
    return defect(defects.resolve(context, actor, id, resolution=body.resolution))


def freeze(one: freezes.FreezeView) -> told.Freeze:
    """As the API tells it."""
    held = one.freeze
    return {
        "id": held.id,
        "name": held.name,
        "starts_at": held.starts_at.isoformat(),
        "ends_at": held.ends_at.isoformat() if held.ends_at else None,
        "projects": list(one.projects),
        "environments": list(one.environments),
        "tenants": list(one.tenants),
        "reason": held.reason,
        "cron": held.cron,
        "zone": held.zone,
        "lasts_s": held.lasts_s,
        "binds_runbooks": held.binds_runbooks,
        "is_active": one.is_active,
        "created_at": held.created_at.isoformat(),
        "created_by": held.created_by,
        "revision": held.revision,
    }


def defect(one: Defect) -> told.Defect:
    """As the API tells it."""
    return {
        "id": one.id,
        "description": one.description,
        "reported_at": one.reported_at.isoformat(),
        "reported_by": one.reported_by,
        "is_open": one.is_open,
        "resolved_at": one.resolved_at.isoformat() if one.resolved_at else None,
        "resolved_by": one.resolved_by,
        "resolution": one.resolution,
    }


def _tagged(response: Response, one: freezes.FreezeView) -> told.Freeze:
    tag(response, one.freeze.revision)
    return freeze(one)
