"""What is told of tenants and their tags."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict


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
