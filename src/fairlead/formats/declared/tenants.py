"""Tenants, and the sets of tags that they are told apart by, as files have them."""

from __future__ import annotations

from pydantic import Field

from fairlead.domain.tenant import LONGEST_NAME, MOST_TAGS
from fairlead.formats.declared.layout import Layout
from fairlead.formats.shape import Shape


class TagSetItem(Shape):
    """A set of tags."""

    name: str = Field(max_length=LONGEST_NAME)
    description: str = Field("", max_length=10_000)
    tags: tuple[str, ...] = Field((), max_length=MOST_TAGS, description="in their order")


class TenantItem(Shape):
    """A tenant; which projects it has is in their folders."""

    name: str = Field(max_length=LONGEST_NAME)
    description: str = Field("", max_length=10_000)
    tags: tuple[str, ...] = Field((), max_length=MOST_TAGS, description="as Set/Tag")


class ConnectionItem(Shape):
    """A tenant that the project is deployed for."""

    tenant: str = Field(max_length=LONGEST_NAME, description="the tenant's name")
    environments: tuple[str, ...] = Field(min_length=1, max_length=1000, description="where it has the project")


def normal_tenant(item: TenantItem) -> TenantItem:
    """Its tags in the order of the letters, which says nothing of them."""
    return item.model_copy(update={"tags": tuple(sorted(set(item.tags)))})


def normal_connection(item: ConnectionItem) -> ConnectionItem:
    """Its environments in the order of the letters, which says nothing of them."""
    return item.model_copy(update={"environments": tuple(sorted(set(item.environments)))})


TAG_SETS = Layout(
    "set of tags",
    ("tag-sets.yml",),
    TagSetItem,
    "tags of tenants",
    name_of=lambda item: item.name,
    top="tag_sets",
)
TENANTS = Layout(
    "tenant",
    ("tenants.yml",),
    TenantItem,
    "customers, regions or sites that projects are deployed for",
    name_of=lambda item: item.name,
    top="tenants",
    normal=normal_tenant,
)
CONNECTIONS = Layout(
    "tenant connection",
    ("projects/{project}/tenants.yml",),
    ConnectionItem,
    "the tenants that the project is deployed for, and where",
    name_of=lambda item: item.tenant,
    top="tenants",
    normal=normal_connection,
)
