"""What is told of teams, roles and project groups."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.domain.permission import Permission
from fairlead.server.api.answers.lists import Moment


class HeldRole(TypedDict):
    """A role in its scope; an empty list means everywhere."""

    role: str
    projects: list[str]
    groups: list[str]
    environments: list[str]
    tenants: list[str]


class Team(TypedDict):
    """People who hold roles together."""

    id: str
    name: str
    description: str
    created_at: Moment
    members: Annotated[list[str], Field(description="those whom somebody put there")]
    by_groups: Annotated[list[str], Field(description="those whose groups at an identity provider put them there")]
    roles: list[HeldRole]
    revision: int


class Role(TypedDict):
    """A bundle of permissions."""

    id: str
    name: str
    description: str
    permissions: list[Permission]
    built_in: Annotated[bool, Field(description="it cannot be changed")]
    revision: int


class Group(TypedDict):
    """Related projects under one name."""

    id: str
    name: str
    description: str
    revision: int
