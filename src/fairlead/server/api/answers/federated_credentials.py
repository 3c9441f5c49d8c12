"""What is told of federated credentials, and what a token is exchanged for."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from fairlead.server.api.answers.lists import Moment


class FederatedCredential(TypedDict):
    """Which tokens stand for a service account."""

    id: str
    name: str
    account: str
    issuer: str
    audience: str
    subject: str
    claims: dict[str, str]
    lasts_s: int
    created_at: Moment
    revision: Annotated[int, Field(description="what its ETag holds")]


class ExchangedToken(TypedDict):
    """An API key of the service account, told only now (RFC 8693 §2.2.1)."""

    id: Annotated[str, Field(description="by which the key is revoked before its end; not of the RFC")]
    access_token: str
    issued_token_type: str
    token_type: str
    expires_in: Annotated[int, Field(description="seconds")]
    user: str
    expires_at: Moment | None
