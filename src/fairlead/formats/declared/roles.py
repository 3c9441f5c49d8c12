"""Roles of an installation's own, as a file has them."""

from __future__ import annotations

from pydantic import Field

from fairlead.domain.permission import Permission
from fairlead.formats.declared.layout import Layout
from fairlead.formats.shape import Shape


class RoleItem(Shape):
    """A role beside the built-in ones."""

    name: str = Field(max_length=100)
    permissions: tuple[Permission, ...] = Field(description="what it bundles")
    description: str = Field("", max_length=1000)


def normal(item: RoleItem) -> RoleItem:
    """Its permissions in one order."""
    return item.model_copy(update={"permissions": tuple(sorted(set(item.permissions)))})


ROLES = Layout(
    "role", ("roles.yml",), RoleItem, "roles of your own", name_of=lambda item: item.name, top="roles", normal=normal
)
