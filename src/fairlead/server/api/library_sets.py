"""Library variable sets, and which projects include them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Response
from pydantic import Field

from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asked, Asking, Books, Limit, Search, revision_of, tag
from fairlead.server.routing import api_router
from fairlead.usecases import library_sets
from fairlead.usecases.library_sets import LibrarySetView

router = api_router("variables")


class NewLibrarySet(Body):
    name: str = Field(max_length=80)
    description: str = Field("", max_length=10_000)


class LibrarySetChange(Body):
    name: str = Field("", max_length=80, description="its new name")
    description: str | None = Field(None, max_length=10_000)


@router.get("/library-sets")
def list_library_sets(
    context: Books, actor: Asking, search: Search = "", after: After = None, limit: Limit = 50
) -> answers.Page[answers.LibrarySet]:
    """Library variable sets, by name."""
    return shapes.page(library_sets.page(context, actor, search=search, after=after, limit=limit), shown)


@router.post("/library-sets", status_code=201)
def add_library_set(context: Books, actor: Asking, body: NewLibrarySet) -> answers.LibrarySet:
    """Add a library variable set, without variables."""
    made = library_sets.add(context, actor, body.name, description=body.description)
    return shown(library_sets.get(context, actor, made.id))


@router.get("/library-sets/{library_set}")
def get_library_set(context: Books, actor: Asking, library_set: str, response: Response) -> answers.LibrarySet:
    """One library variable set, by name or id."""
    found = shown(library_sets.get(context, actor, library_set))
    tag(response, found["revision"])
    return found


@router.patch("/library-sets/{library_set}")
def change_library_set(
    context: Books,
    actor: Asking,
    library_set: str,
    body: LibrarySetChange,
    response: Response,
    if_match: Annotated[str | None, Header(description="the ETag that was read")] = None,
) -> answers.LibrarySet:
    """Change the set's name or description; with If-Match only if nobody has changed it since."""
    made = library_sets.change(
        context, actor, library_set, new_name=body.name, description=body.description, revision=revision_of(if_match)
    )
    tag(response, made.revision)
    return shown(library_sets.get(context, actor, made.id))


@router.delete("/library-sets/{library_set}", status_code=204)
def remove_library_set(context: Books, actor: Asking, library_set: str) -> Response:
    """Remove a library variable set that no project includes."""
    library_sets.remove(context, actor, library_set)
    return Response(status_code=204)


@router.get("/projects/{project}/library-sets")
def list_included_sets(context: Books, actor: Asking, project: str, asked: Asked) -> answers.Page[answers.IncludedSet]:
    """The library variable sets that the project includes."""
    return shapes.cut(
        library_sets.of_project(context, actor, project),
        lambda one: {"id": one.id, "name": one.name, "description": one.description},
        asked,
        name=lambda one: one.name,
    )


@router.put("/projects/{project}/library-sets/{library_set}", status_code=204)
def include_library_set(context: Books, actor: Asking, project: str, library_set: str) -> Response:
    """Include the set in the project: its next releases take the set's variables too."""
    library_sets.include(context, actor, project, library_set)
    return Response(status_code=204)


@router.delete("/projects/{project}/library-sets/{library_set}", status_code=204)
def exclude_library_set(context: Books, actor: Asking, project: str, library_set: str) -> Response:
    """Exclude the set from the project: its next releases do without the set's variables."""
    library_sets.exclude(context, actor, project, library_set)
    return Response(status_code=204)


def shown(view: LibrarySetView) -> answers.LibrarySet:
    """How a set looks in the API."""
    one = view.library_set
    return {
        "id": one.id,
        "name": one.name,
        "description": one.description,
        "variables": view.variables,
        "projects": list(view.projects),
        "created_at": one.created_at.isoformat(),
        "created_by": one.created_by,
        "revision": one.revision,
    }
