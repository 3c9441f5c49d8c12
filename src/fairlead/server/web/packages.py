"""The built-in feed's packages, and what was told of builds: lists, with packages to fetch and to take away."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query
from starlette.responses import Response

from fairlead.server.routing import page_router
from fairlead.server.web import setup
from fairlead.server.web.visit import Posted, Visiting
from fairlead.usecases import build_information, packages

router = page_router()
SHOWN = 50

Name = Annotated[str, Query(max_length=200)]
Cursor = Annotated[str | None, Query(max_length=100)]


@router.get("/packages")
def show_packages(visitor: Visiting, name: Name = "", after: Cursor = None) -> Response:
    """The newest first; of one id, or of all."""
    part = packages.page(visitor.context, visitor.actor, name=name, after=after, limit=SHOWN)
    values = {
        "section": setup.SECTION,
        "packages": part.items,
        "name": name,
        "older": f"/packages?{urlencode({'name': name, 'after': part.after})}" if part.after else "",
        "newest": f"/packages?{urlencode({'name': name})}" if after else "",
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
def show_builds(visitor: Visiting, name: Name = "", after: Cursor = None) -> Response:
    """The newest first; of one package, or of all."""
    part = build_information.page(visitor.context, visitor.actor, package=name, after=after, limit=SHOWN)
    values = {
        "section": setup.SECTION,
        "builds": part.items,
        "name": name,
        "older": f"/build-information?{urlencode({'name': name, 'after': part.after})}" if part.after else "",
        "newest": f"/build-information?{urlencode({'name': name})}" if after else "",
    }
    return visitor.page("builds.html", values)
