"""What tenants give for templates, as files have it: of projects in their folders, of library sets beside them."""

from __future__ import annotations

from pydantic import Field

from fairlead.domain.tenant import LONGEST_NAME
from fairlead.formats.declared.layout import Layout, SecretField
from fairlead.formats.shape import Shape


class TenantValuesItem(Shape):
    """What a tenant gives in an environment of the project, or for a library set."""

    tenant: str = Field(max_length=LONGEST_NAME, description="the tenant's name")
    environment: str = Field("", max_length=200, description="where, in a project's file")
    library_set: str = Field("", max_length=200, description="for which set, in the installation's file")
    values: dict[str, str | SecretField] = Field(
        min_length=1, max_length=1000, description="template: text, or {secret: NAME} for a secret"
    )


TENANT_VALUES = Layout(
    "tenant value",
    ("tenant-values.yml", "projects/{project}/tenant-values.yml"),
    TenantValuesItem,
    "what tenants give for templates of library sets, or of the project",
    name_of=lambda item: f"{item.tenant}@{item.environment or item.library_set}",
    top="values",
)
