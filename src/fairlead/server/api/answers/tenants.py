"""What is told of tenants and their tags."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.server.api.answers.step_templates import TemplateParameter


class TagSet(TypedDict):
    """Tags that belong together, in order."""

    name: str
    description: str
    tags: list[str]
    revision: int


class Tenant(TypedDict):
    """A customer, region or site that projects are deployed for."""

    id: str
    name: str
    description: str
    tags: Annotated[list[str], Field(description="as Set/Tag")]
    connections: Annotated[dict[str, list[str]], Field(description="project: the environments where it has the tenant")]
    revision: Annotated[int, Field(description="what its ETag holds")]


class TenantTemplates(TypedDict):
    """What a project or library set asks tenants for, in order."""

    templates: Annotated[list[TemplateParameter], Field(description="without a default each tenant must give a value")]
    revision: Annotated[int, Field(description="what their ETag holds")]


class TenantValue(TypedDict):
    """One value that a tenant is asked for, or gives."""

    name: str
    project: Annotated[str, Field(description='"" for a library set\'s')]
    environment: str
    library_set: str
    state: Annotated[str, Field(description="given, default, missing, or left: no longer asked for")]
    value: Annotated[str, Field(description='given or default; "" for a secret')]
    secret: bool
    template: Annotated[TemplateParameter | None, Field(description="null where nothing asks for it any more")]


class MissingValue(TypedDict):
    """A value that a tenant is asked for and does not give: deployments there are refused."""

    tenant: str
    tags: Annotated[list[str], Field(description="the tenant's, as Set/Tag")]
    name: Annotated[str, Field(description="the template's")]
    project: Annotated[str, Field(description='"" for a library set\'s')]
    environment: str
    library_set: str
    template: TemplateParameter


class TenantValues(TypedDict):
    """What giving values came to."""

    tenant: str
    missing: Annotated[int, Field(description="how many values are missing now, for which deployments are refused")]
    revision: Annotated[int, Field(description="what the ETag of its values holds")]
