"""Federated credentials as a file has them; there is nothing secret in them."""

from __future__ import annotations

from pydantic import Field

from fairlead.domain.federated_credential import LONGEST_PATTERN, LONGEST_S, SHORTEST_S
from fairlead.domain.identity_provider import LONGEST_URL
from fairlead.formats.declared.layout import Layout
from fairlead.formats.shape import Shape


class FederatedCredentialItem(Shape):
    """Which tokens of a build server stand for a service account."""

    name: str = Field(max_length=40)
    account: str = Field(max_length=64, description="the service account")
    issuer: str = Field(max_length=LONGEST_URL, description="such as https://token.actions.githubusercontent.com")
    audience: str = Field(max_length=LONGEST_URL, description="whom the token is made for, to the letter")
    subject: str = Field(
        max_length=LONGEST_PATTERN, description="a pattern: * for letters other than : and /, ** for any"
    )
    claims: dict[str, str] = Field(default_factory=dict, description="patterns for further claims, by their names")
    lasts_s: int = Field(LONGEST_S, ge=SHORTEST_S, le=LONGEST_S, description="how long an exchanged key lasts")


def normal(item: FederatedCredentialItem) -> FederatedCredentialItem:
    """The claims by name."""
    return item.model_copy(update={"claims": dict(sorted(item.claims.items()))})


FEDERATED_CREDENTIALS = Layout(
    "federated credential",
    ("federated-credentials.yml",),
    FederatedCredentialItem,
    "which tokens of build servers stand for service accounts",
    name_of=lambda item: item.name,
    top="federated_credentials",
    normal=normal,
)
