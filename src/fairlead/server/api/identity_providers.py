"""Identity providers: by whom people sign in."""

from __future__ import annotations

from fastapi import Response
from pydantic import Field

from fairlead.domain.identity_provider import DEFAULT_SCOPES, LONGEST_GROUP, LONGEST_LABEL, LONGEST_URL, MOST_TEAMS
from fairlead.server.api import answers, shapes
from fairlead.server.api.answers import identity_providers as told
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asking, Books, IfMatch, Limit, Search, revision_of, tag
from fairlead.server.routing import api_router
from fairlead.usecases import identity_providers
from fairlead.usecases.identity_providers import Draft, MappedGroup, ProviderView

router = api_router("access")


class MappedGroupBody(Body):
    group: str = Field(min_length=1, max_length=LONGEST_GROUP)
    team: str = Field(max_length=80)


class ProviderBody(Body):
    issuer: str = Field(max_length=LONGEST_URL, description="the https address that the provider calls its issuer")
    client_id: str = Field(max_length=LONGEST_URL)
    client_secret: str | None = Field(
        None, max_length=2000, description='null: the one that is held; "": none, as a public client has'
    )
    label: str = Field("", max_length=LONGEST_LABEL, description="what the button says; the name without it")
    scopes: list[str] = Field(list(DEFAULT_SCOPES), max_length=50)
    name_claim: str = Field("preferred_username", max_length=200, description="where a new user's name comes from")
    groups_claim: str = Field("", max_length=200, description="where the person's groups are; empty: nowhere")
    teams: list[MappedGroupBody] = Field(
        default_factory=list, max_length=MOST_TEAMS, description="who is in the group is in the team"
    )
    makes_users: bool = Field(default=False, description="who is not known yet becomes a user")
    links_by_email: bool = Field(
        default=False, description="who is not known yet is the user with their address, if the provider verified it"
    )
    role: str = Field("none", max_length=40, description="what a new user may everywhere")
    is_enabled: bool = True


@router.get("/identity-providers")
def list_identity_providers(
    context: Books, actor: Asking, search: Search = "", after: After = None, limit: Limit = 50
) -> answers.Page[told.IdentityProvider]:
    """By name; secrets are never told."""
    return shapes.page(identity_providers.page(context, actor, search=search, after=after, limit=limit), shape)


@router.get("/identity-providers/{name}")
def get_identity_provider(context: Books, actor: Asking, name: str, response: Response) -> told.IdentityProvider:
    """One of them."""
    return _tagged(response, identity_providers.get(context, actor, name))


@router.put("/identity-providers/{name}")
def put_identity_provider(
    context: Books, actor: Asking, name: str, body: ProviderBody, response: Response, if_match: IfMatch = None
) -> told.IdentityProvider:
    """It is so from now on, made where there is none; with If-Match only if nobody changed it since."""
    given = body.model_dump()
    mapped = [MappedGroup(**one) for one in given.pop("teams")]
    wanted = Draft(**given, teams=mapped)
    return _tagged(response, identity_providers.put(context, actor, name, wanted, revision=revision_of(if_match)))


@router.delete("/identity-providers/{name}", status_code=204)
def remove_identity_provider(context: Books, actor: Asking, name: str) -> Response:
    """Nobody signs in by it any more; users stay, memberships by its groups end."""
    identity_providers.remove(context, actor, name)
    return Response(status_code=204)


def shape(view: ProviderView) -> told.IdentityProvider:
    """Without the secret."""
    one = view.provider
    return {
        "id": one.id,
        "name": one.name,
        "issuer": one.issuer,
        "client_id": one.client_id,
        "has_client_secret": one.client_secret is not None,
        "label": one.label,
        "scopes": list(one.scopes),
        "name_claim": one.name_claim,
        "groups_claim": one.groups_claim,
        "teams": [{"group": held.group, "team": held.team} for held in view.teams],
        "makes_users": one.makes_users,
        "links_by_email": one.links_by_email,
        "role": one.role,
        "is_enabled": one.is_enabled,
        "redirect_uri": view.redirect,
        "created_at": one.created_at.isoformat(),
        "revision": one.revision,
    }


def _tagged(response: Response, view: ProviderView) -> told.IdentityProvider:
    tag(response, view.provider.revision)
    return shape(view)
