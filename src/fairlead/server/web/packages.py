"""The built-in feed's packages, and what was told of builds: lists, with packages to fetch and to take away."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from fairlead.server.routing import page_router
from fairlead.server.web import setup
from fairlead.server.web.lists import Paged
from fairlead.server.web.visit import Posted, Visiting
from fairlead.usecases import build_information, packages

router = page_router()
Name = Annotated[str, Query(max_length=200)]


@router.get("/packages")
def show_packages(visitor: Visiting, part: Paged, name: Name = "") -> Response:
    """The newest first; of one id, or of all."""
    found = packages.page(visitor.context, visitor.actor, name=name, after=part.after, limit=part.limit)
    values = {
        "section": setup.SECTION,
        "packages": found.items,
        "name": name,
        "listed": part.shown(found.after),
    }
    return visitor.page("packages.html", values)


@router.post("/packages/remove")
def remove(form: Posted) -> Response:
    """One that no release names."""
    visitor = form.visitor

    def work() -> str:
        packages.remove(visitor.context, visitor.actor, form.text("name"), form.text("version"))
        return f"{form.text('name')} {form.text('version')} is removed."

    return form.act("/packages", work)


@router.get("/build-information")
def show_builds(visitor: Visiting, part: Paged, name: Name = "") -> Response:
    """The newest first; of one package, or of all."""
    found = build_information.page(visitor.context, visitor.actor, package=name, after=part.after, limit=part.limit)
    values = {
        "section": setup.SECTION,
        "builds": found.items,
        "name": name,
        "listed": part.shown(found.after),
    }
    return visitor.page("builds.html", values)
