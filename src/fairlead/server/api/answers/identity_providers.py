"""What is told of identity providers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.domain.permission import RoleName
from fairlead.server.api.answers.lists import Moment


class MappedGroup(TypedDict):
    """Who is in the provider's group is in the team."""

    group: str
    team: str


class IdentityProvider(TypedDict):
    """By whom people sign in."""

    id: str
    name: str
    issuer: str
    client_id: str
    has_client_secret: bool
    label: str
    scopes: list[str]
    name_claim: str
    groups_claim: str
    teams: list[MappedGroup]
    makes_users: bool
    links_by_email: bool
    role: RoleName
    is_enabled: bool
    redirect_uri: Annotated[str, Field(description="what has to be entered at the provider")]
    created_at: Moment
    revision: Annotated[int, Field(description="what its ETag holds")]


class Identity(TypedDict):
    """As whom an issuer knows a user."""

    id: str
    issuer: str
    subject: str
    created_at: Moment
    last_used_at: Annotated[Moment | None, Field(description="when they last signed in so")]
