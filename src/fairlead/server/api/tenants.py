"""Tenants, and the sets of tags that they are told apart by."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Query, Response
from pydantic import Field

from fairlead.domain.tenant import TagSet
from fairlead.server.api import answers, shapes
from fairlead.server.api.answers import tenants as told
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asked, Asking, Books, Limit, revision_of, tag
from fairlead.server.routing import api_router
from fairlead.usecases import tenants

router = api_router("tenants")


class TenantBody(Body):
    description: str = Field("", max_length=10_000)
    tags: list[str] = Field(default_factory=list, max_length=500, description="as Set/Tag")
    connections: dict[str, list[str]] = Field(
        default_factory=dict, max_length=1000, description="project: environments"
    )


class ConnectionBody(Body):
    environments: list[str] = Field(default_factory=list, max_length=1000)


class TagSetBody(Body):
    tags: list[str] = Field(max_length=500)
    description: str = Field("", max_length=10_000)


@router.get("/tenants")
def list_tenants(
    context: Books,
    actor: Asking,
    search: str = "",
    tag: Annotated[list[str], Query(max_length=100)] = [],  # noqa: B006 - FastAPI copies it
    after: After = None,
    limit: Limit = 50,
) -> answers.Page[told.Tenant]:
    """Tenants, by name; with tags only those that they select: of one set any tag, of several sets one of each."""
    return shapes.page(tenants.page(context, actor, search=search, tags=tag, after=after, limit=limit), tenant)


@router.get("/tenants/{tenant_name}")
def get_tenant(context: Books, actor: Asking, tenant_name: str, response: Response) -> told.Tenant:
    """One tenant."""
    return _tagged(response, tenants.get(context, actor, tenant_name))


@router.put("/tenants/{tenant_name}")
def put_tenant(
    context: Books,
    actor: Asking,
    tenant_name: str,
    body: TenantBody,
    response: Response,
    if_match: Annotated[str | None, Header(description='the revision that was read: "3"')] = None,
) -> told.Tenant:
    """Make the tenant, or replace it; with If-Match only if nobody has changed it since."""
    draft = tenants.Draft(tenant_name, body.description, body.tags, body.connections)
    return _tagged(response, tenants.put(context, actor, draft, revision=revision_of(if_match)))


@router.put("/tenants/{tenant_name}/projects/{project}")
def connect_tenant(
    context: Books, actor: Asking, tenant_name: str, project: str, body: ConnectionBody, response: Response
) -> told.Tenant:
    """Connect the tenant to the project in these environments, and in no others; with none, in no environment."""
    return _tagged(response, tenants.connect(context, actor, tenant_name, project, body.environments))


@router.delete("/tenants/{tenant_name}", status_code=204)
def remove_tenant(context: Books, actor: Asking, tenant_name: str) -> Response:
    """Remove the tenant. Variables that are for it hold nowhere any longer."""
    tenants.remove(context, actor, tenant_name)
    return Response(status_code=204)


@router.get("/tag-sets")
def list_tag_sets(context: Books, actor: Asking, asked: Asked) -> answers.Page[told.TagSet]:
    """Sets of tenant tags, by name."""
    return shapes.cut(tenants.tag_sets(context, actor), tag_set, asked, name=lambda one: one.name)


@router.put("/tag-sets/{tag_set_name}")
def put_tag_set(context: Books, actor: Asking, tag_set_name: str, body: TagSetBody) -> told.TagSet:
    """Give the set these tags, in this order."""
    return tag_set(tenants.put_tag_set(context, actor, tag_set_name, body.tags, description=body.description))


@router.delete("/tag-sets/{tag_set_name}", status_code=204)
def remove_tag_set(context: Books, actor: Asking, tag_set_name: str) -> Response:
    """Remove a set whose tags no tenant has."""
    tenants.remove_tag_set(context, actor, tag_set_name)
    return Response(status_code=204)


def tenant(one: tenants.TenantView) -> told.Tenant:
    """As the API tells it."""
    return {
        "id": one.tenant.id,
        "name": one.tenant.name,
        "description": one.tenant.description,
        "tags": list(one.tenant.tags),
        "connections": {project: list(places) for project, places in one.connections.items()},
        "revision": one.tenant.revision,
    }


def tag_set(one: TagSet) -> told.TagSet:
    """As the API tells it."""
    return {"name": one.name, "description": one.description, "tags": list(one.tags), "revision": one.revision}


def _tagged(response: Response, one: tenants.TenantView) -> told.Tenant:
    tag(response, one.tenant.revision)
    return tenant(one)
