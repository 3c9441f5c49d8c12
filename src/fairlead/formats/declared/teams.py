"""Teams as a file has them: who is in them, and which roles they hold where."""

from __future__ import annotations

from pydantic import Field

from fairlead.formats.declared.layout import Layout
from fairlead.formats.shape import Shape


class HeldRoleItem(Shape):
    """A role that the team holds; in everything, unless it is said where."""

    role: str = Field(description="the role's name")
    projects: tuple[str, ...] = Field((), description="only for these projects")
    groups: tuple[str, ...] = Field((), description="only for projects of these groups")
    environments: tuple[str, ...] = Field((), description="only in these environments")
    tenants: tuple[str, ...] = Field((), description="only for these tenants")


class TeamItem(Shape):
    """A team."""

    name: str = Field(max_length=100)
    description: str = Field("", max_length=1000)
    members: tuple[str, ...] = Field((), description="names of users")
    roles: tuple[HeldRoleItem, ...] = Field((), description="what its members may, and where")


def normal(item: TeamItem) -> TeamItem:
    """Its members by name, and the roles' scopes by theirs."""
    roles = tuple(
        HeldRoleItem(
            role=one.role,
            projects=tuple(sorted(one.projects)),
            groups=tuple(sorted(one.groups)),
            environments=tuple(sorted(one.environments)),
            tenants=tuple(sorted(one.tenants)),
        )
        for one in item.roles
    )
    return item.model_copy(update={"members": tuple(sorted(set(item.members))), "roles": roles})


TEAMS = Layout(
    "team", ("teams.yml",), TeamItem, "teams of users", name_of=lambda item: item.name, top="teams", normal=normal
)
