"""Users and service accounts as a file has them: without passwords and keys."""

from __future__ import annotations

from pydantic import Field

from fairlead.domain.permission import RoleName
from fairlead.formats.declared.layout import Layout
from fairlead.formats.shape import Shape


class UserItem(Shape):
    """A person who may sign in, or a service account."""

    name: str = Field(max_length=64)
    email: str = Field("", max_length=250)
    role: RoleName = Field(RoleName.VIEWER, description="what they may everywhere; teams give more")
    enabled: bool = Field(default=True, description="who is not can neither sign in nor use a key")
    service: bool = Field(default=False, description="no person: it has keys and no password")


USERS = Layout(
    "user",
    ("users.yml",),
    UserItem,
    "who may sign in; nobody is removed, only disabled",
    name_of=lambda item: item.name,
    top="users",
)
