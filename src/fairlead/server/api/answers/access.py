"""What is told of people and their keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.domain.permission import Permission, RoleName
from fairlead.server.api.answers.lists import Moment


class Key(TypedDict):
    """An API key, by its first letters."""

    id: str
    name: str
    prefix: str
    created_at: Moment
    expires_at: Moment | None
    last_used_at: Moment | None


class MadeKey(Key):
    """A key that was just made."""

    key: Annotated[str, Field(description="its text, told only now")]


class Signed(TypedDict):
    """An API key for a command line, told only now; by its id it is revoked."""

    id: str
    key: str
    user: str
    expires_at: Moment | None


class User(TypedDict):
    """Who may sign in."""

    id: str
    name: str
    email: str
    role: RoleName
    is_enabled: bool
    is_service: Annotated[bool, Field(description="a program's: it has keys and no password")]
    revision: Annotated[int, Field(description="what its ETag holds")]
    created_at: Moment


class UserAlone(User):
    """A user with the teams that they are in."""

    teams: list[str]


class AddedUser(User):
    """A user who was just added."""

    password: Annotated[str, Field(description="for once, told only now")]


class Me(User):
    """Who asks, through which door, and what they may do."""

    user: str
    via: str
    permissions: list[Permission]
