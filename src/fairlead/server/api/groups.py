"""Project groups."""

from __future__ import annotations

from fastapi import Response
from pydantic import Field

from fairlead.domain.group import Group
from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asking, Books, IfMatch, Limit, Search, revision_of, tag
from fairlead.server.routing import api_router
from fairlead.usecases import groups

router = api_router("projects")


class NewGroup(Body):
    name: str = Field(max_length=80)
    description: str = Field("", max_length=1000)


class GroupChange(Body):
    name: str | None = Field(None, max_length=80)
    description: str | None = Field(None, max_length=1000)


@router.get("/groups")
def list_groups(
    context: Books, actor: Asking, search: Search = "", after: After = None, limit: Limit = 50
) -> answers.Page[answers.Group]:
    """Project groups, by name."""
    return shapes.page(groups.page(context, actor, search=search, after=after, limit=limit), group)


@router.post("/groups", status_code=201)
def add_group(context: Books, actor: Asking, body: NewGroup) -> answers.Group:
    """Add a project group, without projects."""
    return group(groups.add(context, actor, body.name, description=body.description))


@router.get("/groups/{name}")
def get_group(context: Books, actor: Asking, name: str, response: Response) -> answers.Group:
    """One project group."""
    found = groups.get(context, actor, name)
    tag(response, found.revision)
    return group(found)


@router.patch("/groups/{name}")
def change_group(
    context: Books, actor: Asking, name: str, body: GroupChange, response: Response, if_match: IfMatch = None
) -> answers.Group:
    """Change the group's name or description; with If-Match only if nobody has changed it since."""
    saved = groups.change(
        context, actor, name, name=body.name, description=body.description, revision=revision_of(if_match)
    )
    tag(response, saved.revision)
    return group(saved)


@router.delete("/groups/{name}", status_code=204)
def remove_group(context: Books, actor: Asking, name: str) -> Response:
    """Remove a project group that has no projects."""
    groups.remove(context, actor, name)
    return Response(status_code=204)


def group(one: Group) -> answers.Group:
    """As the API tells it."""
    return {"id": one.id, "name": one.name, "description": one.description, "revision": one.revision}
