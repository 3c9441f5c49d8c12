"""Federated credentials, and the exchange of a build server's token for a key."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import parse_qsl

from fastapi import Request, Response
from pydantic import Field, model_validator

from fairlead.domain.federated_credential import LONGEST_PATTERN, LONGEST_S, SHORTEST_S
from fairlead.domain.identity_provider import LONGEST_URL
from fairlead.server import openapi
from fairlead.server.api import answers, shapes
from fairlead.server.api.answers import federated_credentials as told
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import (
    After,
    Asking,
    Books,
    IfMatch,
    Limit,
    Parts,
    Search,
    address_of,
    revision_of,
    tag,
)
from fairlead.server.routing import api_router
from fairlead.usecases import federated_credentials
from fairlead.usecases.federated_credentials import CredentialView, Draft

router = api_router("access")

MOST_FIELDS = 50
ISSUED = "urn:ietf:params:oauth:token-type:access_token"


class CredentialBody(Body):
    account: str = Field(max_length=64, description="the service account")
    issuer: str = Field(max_length=LONGEST_URL, description="such as https://token.actions.githubusercontent.com")
    audience: str = Field(max_length=LONGEST_URL, description="whom the token is made for, to the letter")
    subject: str = Field(
        max_length=LONGEST_PATTERN, description="a pattern: * for letters other than : and /, ** for any"
    )
    claims: dict[str, str] = Field(default_factory=dict, description="patterns for further claims, by their names")
    lasts_s: int = Field(LONGEST_S, ge=SHORTEST_S, le=LONGEST_S, description="how long an exchanged key lasts")


class TokenExchange(Body):
    grant_type: Literal["urn:ietf:params:oauth:grant-type:token-exchange"] = (
        "urn:ietf:params:oauth:grant-type:token-exchange"
    )
    subject_token: str = Field(min_length=1, max_length=40_000, description="the build server's ID token")
    subject_token_type: Literal["urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token"] = (
        "urn:ietf:params:oauth:token-type:jwt"
    )
    requested_token_type: Literal["", "urn:ietf:params:oauth:token-type:access_token"] = ""
    service_account: str = Field("", max_length=64, description="which, where the token stands for several")

    @model_validator(mode="before")
    @classmethod
    def _a_form_too(cls, given: Any) -> Any:
        """What is no JSON comes as bytes. Of a form, whatever else it holds is passed over, such as a scope (RFC 6749
        §3.2); who acts for another is not: that would be somebody else's key."""
        if not isinstance(given, bytes):
            return given
        pairs = parse_qsl(given.decode(errors="replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
        names = [name for name, _ in pairs]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"{twice[:40]} is given twice")
        if "actor_token" in names:
            raise ValueError("an actor_token is not taken: the subject_token alone says who asks")
        return {name: value for name, value in pairs if name in cls.model_fields}


@router.post("/token", openapi_extra=openapi.form_of("TokenExchange"))
async def exchange_token(
    request: Request, parts: Parts, body: TokenExchange, response: Response
) -> told.ExchangedToken:
    """A build server's ID token for an API key of the service account that trusts it, which lasts an hour at most
    (RFC 8693). The body is JSON, or a form as clients of OAuth send it."""
    response.headers["Cache-Control"] = "no-store"  # RFC 6749 §5.1
    made = await federated_credentials.exchange(
        parts.context,
        parts.issuers,
        body.subject_token.strip(),
        account=body.service_account,
        address=address_of(request),
    )
    ends = made.key.expires_at
    return {
        "id": made.key.id,
        "access_token": made.text,
        "issued_token_type": ISSUED,
        "token_type": "Bearer",
        "expires_in": int((ends - made.key.created_at).total_seconds()) if ends else 0,
        "user": made.user,
        "expires_at": ends.isoformat() if ends else None,
    }


@router.get("/federated-credentials")
def list_federated_credentials(
    context: Books, actor: Asking, search: Search = "", after: After = None, limit: Limit = 50
) -> answers.Page[told.FederatedCredential]:
    """By name."""
    return shapes.page(federated_credentials.page(context, actor, search=search, after=after, limit=limit), shape)


@router.get("/federated-credentials/{name}")
def get_federated_credential(context: Books, actor: Asking, name: str, response: Response) -> told.FederatedCredential:
    """One of them."""
    return _tagged(response, federated_credentials.get(context, actor, name))


@router.put("/federated-credentials/{name}")
def put_federated_credential(
    context: Books, actor: Asking, name: str, body: CredentialBody, response: Response, if_match: IfMatch = None
) -> told.FederatedCredential:
    """It is so from now on, made where there is none; with If-Match only if nobody changed it since."""
    wanted = Draft(**body.model_dump())
    return _tagged(response, federated_credentials.put(context, actor, name, wanted, revision=revision_of(if_match)))


@router.delete("/federated-credentials/{name}", status_code=204)
def remove_federated_credential(context: Books, actor: Asking, name: str) -> Response:
    """Such tokens open nothing any more; keys that they were exchanged for end within the hour."""
    federated_credentials.remove(context, actor, name)
    return Response(status_code=204)


def shape(view: CredentialView) -> told.FederatedCredential:
    """As the API tells it; there is nothing secret in it."""
    one = view.credential
    return {
        "id": one.id,
        "name": one.name,
        "account": view.account,
        "issuer": one.issuer,
        "audience": one.audience,
        "subject": one.subject,
        "claims": dict(one.claims),
        "lasts_s": one.lasts_s,
        "created_at": one.created_at.isoformat(),
        "revision": one.revision,
    }


def _tagged(response: Response, view: CredentialView) -> told.FederatedCredential:
    tag(response, view.credential.revision)
    return shape(view)
