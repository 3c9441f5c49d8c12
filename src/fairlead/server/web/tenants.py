"""Tenants and sets of tags on one page, with the forms that set and remove them; for whom a project is deployed."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from fairlead.domain.errors import Invalid
from fairlead.domain.permission import Permission
from fairlead.server.routing import page_router
from fairlead.server.web import setup
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Form, Posted, Visiting, in_one_transaction
from fairlead.server.web.whom import tenancy_of
from fairlead.usecases import projects, tenants

router = page_router()


@router.get("/tenants")
@in_one_transaction
def show(visitor: Visiting, part: Searched) -> Response:
    """A part of them, by name."""
    found = tenants.page(visitor.context, visitor.actor, search=part.search, after=part.after, limit=part.limit)
    values = {
        "section": setup.SECTION,
        "tenants": found.items,
        "listed": part.shown(found.after),
        "sets": tenants.tag_sets(visitor.context, visitor.actor),
    }
    return visitor.page("tenants.html", values)


@router.post("/tenants")
def put(form: Posted) -> Response:
    """Make the tenant, or replace it."""
    visitor = form.visitor

    def work() -> str:
        draft = tenants.Draft(form.text("name"), form.text("description"), form.listed("tags"), _connections(form))
        made = tenants.put(visitor.context, visitor.actor, draft)
        return f"Tenant {made.tenant.name} is set."

    return form.act("/tenants", work)


@router.post("/tenants/{name}/remove")
def remove(form: Posted, name: str) -> Response:
    """Gone."""
    visitor = form.visitor

    def work() -> str:
        tenants.remove(visitor.context, visitor.actor, name)
        return "The tenant is removed."

    return form.act("/tenants", work)


@router.post("/tag-sets")
def put_tags(form: Posted) -> Response:
    """The set has these tags."""
    visitor = form.visitor

    def work() -> str:
        made = tenants.put_tag_set(visitor.context, visitor.actor, form.text("name"), form.listed("tags"))
        return f"{made.name} has {len(made.tags)} tags."

    return form.act("/tenants", work)


@router.post("/tag-sets/{name}/remove")
def remove_tags(form: Posted, name: str) -> Response:
    """One whose tags no tenant has."""
    visitor = form.visitor

    def work() -> str:
        tenants.remove_tag_set(visitor.context, visitor.actor, name)
        return "The set of tags is removed."

    return form.act("/tenants", work)


@router.post("/projects/{name}/tenancy")
def put_tenancy(form: Posted, name: str) -> Response:
    """The project is deployed for tenants, for nobody, or both."""
    visitor = form.visitor
    visitor.actor.require_somewhere(Permission.PROJECT_EDIT)  # before anything is said of what was typed

    def work() -> str:
        saved = projects.change(visitor.context, visitor.actor, name, {"tenancy": tenancy_of(form)})
        return f"{saved.name} is {saved.tenancy} from now on."

    return form.act(f"/projects/{quote(name)}", work)


def _connections(form: Form) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in form.lines("connections"):
        project, colon, places = line.partition(":")
        if not colon:
            raise Invalid("input.invalid", f"{line[:60]!r} connects nothing", hint="project: Test, Production")
        found[project.strip()] = [place.strip() for place in places.split(",") if place.strip()]
    return found
