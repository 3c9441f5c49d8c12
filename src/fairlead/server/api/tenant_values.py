"""Templates of what tenants give, of projects and library sets; and what each tenant gives."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field

from fairlead.domain.step_template import MOST_PARAMETERS
from fairlead.formats.step_template import ParameterModel, parameters_of
from fairlead.server.api import answers, shapes
from fairlead.server.api.answers import tenants as told
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asked, Asking, Books, IfMatch, Limit, revision_of, tag
from fairlead.server.api.step_templates import parameter_shown
from fairlead.server.routing import api_router
from fairlead.usecases import asked_of_tenants, missing_values, tenant_templates, tenant_values
from fairlead.usecases.tenant_templates import TemplatesView
from fairlead.usecases.tenant_values import Given
from fairlead.usecases.variables import InLibrary

router = api_router("tenants")


class TemplatesBody(Body):
    templates: list[ParameterModel] = Field(max_length=MOST_PARAMETERS, description="all of them, in order")


class GivenBody(Body):
    name: str = Field(max_length=200, description="the template's")
    value: str | None = Field(max_length=100_000, description="null takes it away")
    project: str = Field("", max_length=200)
    environment: str = Field("", max_length=200, description="needed for a project's template")
    library_set: str = Field("", max_length=200, description="instead of project and environment")


class ValuesBody(Body):
    values: list[GivenBody] = Field(max_length=1000, description="those that change; others stay")


@router.get("/projects/{project}/tenant-templates")
def get_project_templates(context: Books, actor: Asking, project: str, response: Response) -> told.TenantTemplates:
    """What the project asks each tenant for, in each environment that the tenant has it in."""
    return _tagged(response, tenant_templates.of(context, actor, project))


@router.put("/projects/{project}/tenant-templates")
def put_project_templates(
    context: Books, actor: Asking, project: str, body: TemplatesBody, response: Response, if_match: IfMatch = None
) -> told.TenantTemplates:
    """Replace all templates of the project, in this order. Its next releases freeze them. With If-Match only if nobody
    has changed them since."""
    made = tenant_templates.put(context, actor, project, parameters_of(body.templates), revision=revision_of(if_match))
    return _tagged(response, made)


@router.get("/library-sets/{library_set}/tenant-templates")
def get_library_templates(context: Books, actor: Asking, library_set: str, response: Response) -> told.TenantTemplates:
    """What the library set asks each tenant for that has a project which includes the set."""
    return _tagged(response, tenant_templates.of(context, actor, InLibrary(library_set)))


@router.put("/library-sets/{library_set}/tenant-templates")
def put_library_templates(
    context: Books, actor: Asking, library_set: str, body: TemplatesBody, response: Response, if_match: IfMatch = None
) -> told.TenantTemplates:
    """Replace all templates of the library set, as for those of a project."""
    owner, revision = InLibrary(library_set), revision_of(if_match)
    return _tagged(
        response, tenant_templates.put(context, actor, owner, parameters_of(body.templates), revision=revision)
    )


@router.get("/tenants/{tenant_name}/values")
def list_tenant_values(
    context: Books,
    actor: Asking,
    tenant_name: str,
    asked: Asked,
    response: Response,
    state: Annotated[Literal["", "given", "default", "missing", "left"], Query(description="only these")] = "",
) -> answers.Page[told.TenantValue]:
    """What the tenant is asked for, by each project in each environment and by library sets; values of secrets are not
    told. A deployment is refused for what is *missing*; what is *left* is no longer asked for."""
    view = tenant_values.of(context, actor, tenant_name)
    tag(response, view.revision)
    fitting = [one for one in view.asked if state in ("", one.state)]
    return shapes.cut(fitting, shown, asked, name=lambda one: one.name, order=lambda one: one.key)


@router.get("/missing-tenant-values")
def list_missing_values(
    context: Books,
    actor: Asking,
    search: Annotated[
        str, Query(max_length=200, description="in the tenant's, project's, set's, environment's or template's name")
    ] = "",
    project: Annotated[str, Query(max_length=200, description="only for this project's templates")] = "",
    environment: Annotated[str, Query(max_length=200, description="only for this environment")] = "",
    tag: Annotated[list[str], Query(max_length=100, description="only of tenants with these tags, as Set/Tag")] = [],  # noqa: B006 - FastAPI copies it
    after: After = None,
    limit: Limit = 50,
) -> answers.Page[told.MissingValue]:
    """The values for whose lack deployments are refused, of all tenants: by tenant, then by project or library set."""
    found = missing_values.page(
        context,
        actor,
        search=search,
        project=project,
        environment=environment,
        tags=tuple(tag),
        after=after,
        limit=limit,
    )
    return shapes.page(found, missing)


@router.patch("/tenants/{tenant_name}/values")
def change_tenant_values(
    context: Books, actor: Asking, tenant_name: str, body: ValuesBody, response: Response, if_match: IfMatch = None
) -> told.TenantValues:
    """Give or remove values of the tenant, all or none. Deployments that are asked for afterwards have them. With
    If-Match only if nobody has changed any since."""
    given = [Given(one.name, one.value, one.project, one.environment, one.library_set) for one in body.values]
    view = tenant_values.put(context, actor, tenant_name, given, revision=revision_of(if_match))
    tag(response, view.revision)
    return {"tenant": view.tenant.name, "missing": len(view.missing), "revision": view.revision}


def shown(one: asked_of_tenants.Asked) -> told.TenantValue:
    """As the API tells it."""
    asked = one.parameter
    return {
        "name": one.name,
        "project": one.project,
        "environment": one.environment,
        "library_set": one.library_set,
        "state": one.state,
        "value": one.shown,
        "secret": one.is_secret,
        "template": parameter_shown(asked) if asked else None,
    }


def missing(one: missing_values.Missing) -> told.MissingValue:
    """As the API tells it."""
    asked = one.asked
    assert asked.parameter is not None, "what nothing asks for is not missing"
    return {
        "tenant": one.tenant,
        "tags": list(one.tags),
        "name": asked.name,
        "project": asked.project,
        "environment": asked.environment,
        "library_set": asked.library_set,
        "template": parameter_shown(asked.parameter),
    }


def _tagged(response: Response, view: TemplatesView) -> told.TenantTemplates:
    tag(response, view.templates.revision)
    return {"templates": [parameter_shown(one) for one in view.parameters], "revision": view.templates.revision}
