"""Credentials for registries that images are pulled from."""

from __future__ import annotations

from fastapi import Response
from pydantic import Field

from fairlead.domain.permission import Permission
from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import Asked, Asking, Books
from fairlead.server.routing import api_router
from fairlead.store.registry_logins import RegistryLoginRow
from fairlead.usecases import pushes, registries

router = api_router("installation")


class Credentials(Body):
    user: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=20_000)


def shape(one: RegistryLoginRow) -> answers.Registry:
    """Without the password."""
    return {
        "registry": one.registry,
        "user": one.user,
        "created_at": one.created_at.isoformat(),
        "created_by": one.created_by,
    }


@router.get("/registries")
def list_registries(context: Books, actor: Asking, asked: Asked) -> answers.Page[answers.Registry]:
    """The registries for which Fairlead has credentials, to pull images."""
    return shapes.cut(registries.all_of(context, actor), shape, asked, name=lambda one: one.registry)


@router.get("/registry-notifications")
def notifications(context: Books, actor: Asking) -> answers.RegistryNotifications:
    """The address and header with which your own registry sends its notifications here, so that a push makes a
    release."""
    actor.require(Permission.SERVER_ADMINISTER)
    return {
        "url": f"{context.installation.url}/hooks/registry",
        "authorization": f"Bearer {pushes.token(context.secrets)}",
    }


@router.put("/registries/{registry}")
def put_registry(context: Books, actor: Asking, registry: str, body: Credentials) -> answers.Registry:
    """Set the credentials of a registry."""
    return shape(registries.put(context, actor, registry, body.user, body.password))


@router.delete("/registries/{registry}", status_code=204)
def remove_registry(context: Books, actor: Asking, registry: str) -> Response:
    """Remove the credentials of a registry."""
    registries.remove(context, actor, registry)
    return Response(status_code=204)
