"""Teams and roles: who may do what where."""

from __future__ import annotations

from fastapi import Response
from pydantic import Field

from fairlead.domain.role import Role, is_built_in
from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asked, Asking, Books, IfMatch, Limit, Search, revision_of, tag
from fairlead.server.routing import api_router
from fairlead.usecases import roles, teams

router = api_router("access")

MOST_MEMBERS = 1000


class HeldRoleBody(Body):
    role: str = Field(max_length=80)
    projects: list[str] = Field(default_factory=list, max_length=1000)
    groups: list[str] = Field(default_factory=list, max_length=1000)
    environments: list[str] = Field(default_factory=list, max_length=1000)
    tenants: list[str] = Field(default_factory=list, max_length=1000)


class NewTeam(Body):
    name: str = Field(max_length=80)
    description: str = Field("", max_length=1000)
    members: list[str] = Field(default_factory=list, max_length=MOST_MEMBERS)
    roles: list[HeldRoleBody] = Field(default_factory=list, max_length=100)


class TeamChange(Body):
    name: str | None = Field(None, max_length=80)
    description: str | None = Field(None, max_length=1000)
    members: list[str] | None = Field(None, max_length=MOST_MEMBERS)
    roles: list[HeldRoleBody] | None = Field(None, max_length=100)


class NewRole(Body):
    name: str = Field(max_length=80)
    description: str = Field("", max_length=1000)
    permissions: list[str] = Field(max_length=100)


class RoleChange(Body):
    description: str | None = Field(None, max_length=1000)
    permissions: list[str] | None = Field(None, max_length=100)


@router.get("/teams")
def list_teams(
    context: Books, actor: Asking, search: Search = "", after: After = None, limit: Limit = 50
) -> answers.Page[answers.Team]:
    """By name."""
    return shapes.page(teams.page(context, actor, search=search, after=after, limit=limit), team)


@router.post("/teams", status_code=201)
def add_team(context: Books, actor: Asking, body: NewTeam) -> answers.Team:
    """A team with its members and what they hold."""
    return team(
        teams.add(
            context,
            actor,
            body.name,
            description=body.description,
            members=body.members,
            held=[_held(one) for one in body.roles],
        )
    )


@router.get("/teams/{name}")
def get_team(context: Books, actor: Asking, name: str, response: Response) -> answers.Team:
    """One."""
    found = teams.get(context, actor, name)
    tag(response, found.team.revision)
    return team(found)


@router.patch("/teams/{name}")
def change_team(
    context: Books, actor: Asking, name: str, body: TeamChange, response: Response, if_match: IfMatch = None
) -> answers.Team:
    """What is given of it, members and roles as a whole; with If-Match only if nobody changed it since."""
    saved = teams.change(
        context,
        actor,
        name,
        name=body.name,
        description=body.description,
        members=body.members,
        held=None if body.roles is None else [_held(one) for one in body.roles],
        revision=revision_of(if_match),
    )
    tag(response, saved.team.revision)
    return team(saved)


@router.delete("/teams/{name}", status_code=204)
def remove_team(context: Books, actor: Asking, name: str) -> Response:
    """Its members no longer hold what it gave."""
    teams.remove(context, actor, name)
    return Response(status_code=204)


@router.get("/roles")
def list_roles(context: Books, actor: Asking, asked: Asked) -> answers.Page[answers.Role]:
    """The built-in ones first."""
    return shapes.page(roles.page(context, actor, search=asked.search, after=asked.after, limit=asked.limit), role)


@router.post("/roles", status_code=201)
def add_role(context: Books, actor: Asking, body: NewRole) -> answers.Role:
    """A role of your own."""
    return role(roles.add(context, actor, body.name, body.permissions, description=body.description))


@router.get("/roles/{name}")
def get_role(context: Books, actor: Asking, name: str, response: Response) -> answers.Role:
    """One."""
    found = roles.get(context, actor, name)
    tag(response, found.revision)
    return role(found)


@router.patch("/roles/{name}")
def change_role(
    context: Books, actor: Asking, name: str, body: RoleChange, response: Response, if_match: IfMatch = None
) -> answers.Role:
    """Other permissions, for all who hold it; with If-Match only if nobody changed it since."""
    saved = roles.change(
        context,
        actor,
        name,
        permissions=body.permissions,
        description=body.description,
        revision=revision_of(if_match),
    )
    tag(response, saved.revision)
    return role(saved)


@router.delete("/roles/{name}", status_code=204)
def remove_role(context: Books, actor: Asking, name: str) -> Response:
    """One that no team holds."""
    roles.remove(context, actor, name)
    return Response(status_code=204)


def team(one: teams.TeamView) -> answers.Team:
    """As the API tells it."""
    return {
        "id": one.team.id,
        "name": one.team.name,
        "description": one.team.description,
        "created_at": one.team.created_at.isoformat(),
        "members": list(one.members),
        "by_groups": list(one.by_groups),
        "roles": [
            {
                "role": held.role,
                "projects": list(held.projects),
                "groups": list(held.groups),
                "environments": list(held.environments),
                "tenants": list(held.tenants),
            }
            for held in one.roles
        ],
        "revision": one.team.revision,
    }


def role(one: Role) -> answers.Role:
    """As the API tells it."""
    return {
        "id": one.id,
        "name": one.name,
        "description": one.description,
        "permissions": sorted(one.permissions),
        "built_in": is_built_in(one),
        "revision": one.revision,
    }


def _held(body: HeldRoleBody) -> teams.HeldRole:
    places = (tuple(body.projects), tuple(body.groups), tuple(body.environments), tuple(body.tenants))
    return teams.HeldRole(body.role, *places)
