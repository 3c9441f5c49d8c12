"""Credentials for registries that images are pulled from, as a file has them: without passwords."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from fairlead.domain.image import registry_name
from fairlead.formats.declared.layout import Layout, SecretField
from fairlead.formats.shape import Shape


class RegistryItem(Shape):
    """A registry."""

    registry: Annotated[str, AfterValidator(registry_name)] = Field(max_length=260, description="host[:port]")
    user: str = Field(min_length=1, max_length=200)
    password: SecretField


REGISTRIES = Layout(
    "registry",
    ("registries.yml",),
    RegistryItem,
    "registries that images are pulled from with credentials",
    name_of=lambda item: item.registry,
    top="registries",
)
