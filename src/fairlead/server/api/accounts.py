"""Signing in for a key, keys, and users."""

from __future__ import annotations

from fastapi import Request, Response
from pydantic import Field

from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asked, Asking, Books, IfMatch, Limit, Search, address_of, revision_of, tag
from fairlead.server.routing import api_router
from fairlead.usecases import access, users

router = api_router("access")


class NewSession(Body):
    user: str = Field(max_length=64)
    password: str = Field(max_length=1024)
    label: str = Field("", max_length=100)


class NewKey(Body):
    name: str = Field(min_length=1, max_length=100)
    days: int = Field(0, ge=0, le=3650)


class NewUser(Body):
    name: str = Field(max_length=64)
    email: str = Field("", max_length=254)
    role: str = "viewer"


class UserChange(Body):
    email: str | None = Field(None, max_length=254)
    role: str | None = Field(None, max_length=40)
    is_enabled: bool | None = None


class NewServiceAccount(Body):
    name: str = Field(max_length=64)
    role: str = Field("none", max_length=40, description="what it may everywhere; its teams may give it more")


class NewPassword(Body):
    old: str = Field(max_length=1024)
    new: str = Field(max_length=1024)


@router.post("/sessions", status_code=201)
def sign_in(request: Request, context: Books, body: NewSession) -> answers.Signed:
    """User and password for an API key, for a command line."""
    made = access.sign_in_for_key(
        context, body.user, body.password, label=body.label.strip() or "cli", address=address_of(request)
    )
    return {
        "id": made.key.id,
        "key": made.text,
        "user": made.user,
        "expires_at": made.key.expires_at.isoformat() if made.key.expires_at else None,
    }


@router.get("/me")
def me(context: Books, actor: Asking) -> answers.Me:
    """Who asks, and what they may do."""
    user = access.me(context, actor)
    return {**shapes.user(user), "user": user.name, "via": actor.via, "permissions": sorted(actor.permissions)}


@router.post("/me/password", status_code=204)
def change_password(context: Books, actor: Asking, body: NewPassword) -> Response:
    """The own password."""
    access.change_password(context, actor, body.old, body.new)
    return Response(status_code=204)


@router.get("/keys")
def list_keys(context: Books, actor: Asking, asked: Asked) -> answers.Page[answers.Key]:
    """The own API keys."""
    return shapes.cut(
        access.keys_of(context, actor), shapes.key, asked, name=lambda one: one.name, order=lambda one: one.id
    )


@router.post("/keys", status_code=201)
def make_key(context: Books, actor: Asking, body: NewKey) -> answers.MadeKey:
    """A new key; its text is told only now."""
    made = access.make_key(context, actor, body.name, days=body.days)
    return {**shapes.key(made.key), "key": made.text}


@router.delete("/keys/{id}", status_code=204)
def revoke_key(context: Books, actor: Asking, id: str) -> Response:
    """The key opens nothing any more."""
    access.revoke_key(context, actor, id)
    return Response(status_code=204)


@router.get("/users")
def list_users(
    context: Books, actor: Asking, search: Search = "", after: After = None, limit: Limit = 50
) -> answers.Page[answers.User]:
    """Who may sign in."""
    return shapes.page(access.page(context, actor, search=search, after=after, limit=limit), shapes.user)


@router.post("/users", status_code=201)
def add_user(context: Books, actor: Asking, body: NewUser) -> answers.AddedUser:
    """A user; the one-time password is told only now."""
    user, password = access.add_user(context, actor, body.name, email=body.email, role=body.role)
    return {**shapes.user(user), "password": password}


@router.get("/users/{name}")
def get_user(context: Books, actor: Asking, name: str, response: Response) -> answers.UserAlone:
    """One, with their teams."""
    found = users.get(context, actor, name)
    tag(response, found.user.revision)
    return {**shapes.user(found.user), "teams": list(found.teams)}


@router.patch("/users/{name}")
def change_user(
    context: Books, actor: Asking, name: str, body: UserChange, response: Response, if_match: IfMatch = None
) -> answers.User:
    """Address, role, or whether they may come in; with If-Match only if nobody changed them since."""
    given = body.model_dump(exclude_none=True)
    saved = users.change(context, actor, name, **given, revision=revision_of(if_match))
    tag(response, saved.revision)
    return shapes.user(saved)


@router.get("/service-accounts")
def list_service_accounts(
    context: Books, actor: Asking, search: Search = "", after: After = None, limit: Limit = 50
) -> answers.Page[answers.User]:
    """Users that no person is."""
    return shapes.page(users.service_accounts(context, actor, search=search, after=after, limit=limit), shapes.user)


@router.post("/service-accounts", status_code=201)
def add_service_account(context: Books, actor: Asking, body: NewServiceAccount) -> answers.User:
    """A user for a program: it has keys and no password."""
    return shapes.user(users.add_service_account(context, actor, body.name, role=body.role))


@router.post("/service-accounts/{name}/keys", status_code=201)
def make_service_key(context: Books, actor: Asking, name: str, body: NewKey) -> answers.MadeKey:
    """A key of the service account; its text is told only now."""
    made = users.add_service_key(context, actor, name, body.name, days=body.days)
    return {**shapes.key(made.key), "key": made.text}


@router.get("/service-accounts/{name}/keys")
def list_service_keys(context: Books, actor: Asking, name: str, asked: Asked) -> answers.Page[answers.Key]:
    """The keys of the service account that were not revoked."""
    return shapes.cut(
        users.service_keys(context, actor, name), shapes.key, asked, name=lambda one: one.name, order=lambda one: one.id
    )
