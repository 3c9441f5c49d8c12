"""Identity providers as a file has them: without the client's secret."""

from __future__ import annotations

from pydantic import Field

from fairlead.domain.identity_provider import DEFAULT_SCOPES, LONGEST_GROUP, LONGEST_LABEL, LONGEST_URL, MOST_TEAMS
from fairlead.domain.permission import RoleName
from fairlead.formats.declared.layout import Layout, SecretField
from fairlead.formats.shape import Shape


class MappedGroupItem(Shape):
    """Who is in the provider's group is in the team."""

    group: str = Field(min_length=1, max_length=LONGEST_GROUP, description="as the claim has it")
    team: str = Field(max_length=80, description="the team's name")


class IdentityProviderItem(Shape):
    """By whom people sign in."""

    name: str = Field(max_length=40, description="stands in the redirect address: .../sign-in/NAME/callback")
    issuer: str = Field(max_length=LONGEST_URL, description="the https address that the provider calls its issuer")
    client_id: str = Field(max_length=LONGEST_URL)
    client_secret: SecretField | None = Field(None, description="none of a public client")
    label: str = Field("", max_length=LONGEST_LABEL, description="what the button says; the name without it")
    scopes: tuple[str, ...] = Field(DEFAULT_SCOPES, max_length=50)
    name_claim: str = Field("preferred_username", max_length=200, description="where a new user's name comes from")
    groups_claim: str = Field("", max_length=200, description="where the person's groups are; empty: nowhere")
    teams: tuple[MappedGroupItem, ...] = Field((), max_length=MOST_TEAMS, description="which groups are which teams")
    makes_users: bool = Field(default=False, description="who is not known yet becomes a user")
    links_by_email: bool = Field(
        default=False, description="who is not known yet is the user with their address, if the provider verified it"
    )
    role: RoleName = Field(RoleName.NONE, description="what a new user may everywhere")
    enabled: bool = True


def normal(item: IdentityProviderItem) -> IdentityProviderItem:
    """The groups by name."""
    return item.model_copy(update={"teams": tuple(sorted(item.teams, key=lambda one: (one.group, one.team)))})


IDENTITY_PROVIDERS = Layout(
    "identity provider",
    ("identity-providers.yml",),
    IdentityProviderItem,
    "by whom people sign in",
    name_of=lambda item: item.name,
    top="identity_providers",
    normal=normal,
)
