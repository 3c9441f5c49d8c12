"""As whom identity providers know a user."""

from __future__ import annotations

from fastapi import Response
from pydantic import Field

from fairlead.domain.id_token import LONGEST_SUBJECT
from fairlead.domain.identity_provider import LONGEST_URL, Identity
from fairlead.server.api import answers, shapes
from fairlead.server.api.answers import identity_providers as told
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import Asked, Asking, Books
from fairlead.server.routing import api_router
from fairlead.usecases import identities

router = api_router("access")


class NewIdentity(Body):
    issuer: str = Field(max_length=LONGEST_URL, description="the https address that the provider calls its issuer")
    subject: str = Field(min_length=1, max_length=LONGEST_SUBJECT, description="the claim sub of the person's tokens")


@router.get("/users/{name}/identities")
def list_identities(context: Books, actor: Asking, name: str, asked: Asked) -> answers.Page[told.Identity]:
    """Those of the user, in the order of their making."""
    found = identities.of_user(context, actor, name)
    return shapes.cut(found, shape, asked, name=lambda one: one.subject, order=lambda one: one.id)


@router.post("/users/{name}/identities", status_code=201)
def link_identity(context: Books, actor: Asking, name: str, body: NewIdentity) -> told.Identity:
    """Whom the issuer knows by that subject is this user from now on."""
    return shape(identities.link(context, actor, name, body.issuer, body.subject))


@router.delete("/users/{name}/identities/{id}", status_code=204)
def unlink_identity(context: Books, actor: Asking, name: str, id: str) -> Response:
    """That subject is this user no more; their sessions end."""
    identities.unlink(context, actor, name, id)
    return Response(status_code=204)


def shape(one: Identity) -> told.Identity:
    """As the API tells it."""
    return {
        "id": one.id,
        "issuer": one.issuer,
        "subject": one.subject,
        "created_at": one.created_at.isoformat(),
        "last_used_at": one.last_used_at.isoformat() if one.last_used_at else None,
    }
