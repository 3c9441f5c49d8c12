"""Step templates: the list, one with its versions and users, and the forms that save, move and remove."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import Query
from starlette.responses import Response

from fairlead.domain.errors import Invalid
from fairlead.domain.permission import Permission
from fairlead.formats.step_template import read_template, template_text
from fairlead.server.api.doors import MOST_NUMBER
from fairlead.server.routing import page_router
from fairlead.server.web import setup
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Posted, Visiting
from fairlead.usecases import step_template_users, step_templates
from fairlead.usecases.step_template_users import Wish

router = page_router()
PAGE = "/step-templates"

To = Annotated[int, Query(ge=0, le=MOST_NUMBER)]


@router.get("/step-templates")
def show_all(visitor: Visiting, part: Searched) -> Response:
    """By name."""
    found = step_templates.page(visitor.context, visitor.actor, search=part.search, after=part.after, limit=part.limit)
    values = {
        "section": setup.SECTION,
        "views": found.items,
        "listed": part.shown(found.after),
    }
    return visitor.page("step_templates.html", values)


@router.post("/step-templates")
def put(form: Posted) -> Response:
    """A new one, or the next version of one."""
    visitor, name = form.visitor, form.text("name").strip()

    def work() -> tuple[str, str]:
        visitor.actor.require_somewhere(Permission.LIBRARY_EDIT)  # before anything is said of what was typed
        content, words = read_template("the template", form.text("text").replace("\r\n", "\n").encode())
        draft = step_templates.Draft(name, content, words)
        made = step_templates.put(visitor.context, visitor.actor, draft, revision=form.number("revision"))
        said = f"{made.template.name} is saved: version {made.version.number}. Its users stay with theirs."
        return said, f"{PAGE}/{quote(made.template.name)}"

    return form.act(f"{PAGE}/{quote(name)}" if form.text("revision") else PAGE, work)


@router.get("/step-templates/{name}")
def show(visitor: Visiting, name: str, to: To = 0) -> Response:
    """One, with its versions, who uses it, and what going to the version `to` (0: the newest) would mean for each."""
    context, actor = visitor.context, visitor.actor
    versions = step_templates.versions(context, actor, name)
    plan = step_template_users.plan(context, actor, name, Wish(to))
    values = {
        "section": setup.SECTION,
        "template": plan.template,
        "versions": versions,
        "texts": {one.version.number: template_text(one.version.content) for one in versions},
        "text": template_text(versions[0].version.content, plan.template.description),
        "plan": plan,
    }
    return visitor.page("step_template.html", values)


@router.post("/step-templates/{name}/move")
def move(form: Posted, name: str) -> Response:
    """The ticked users use that version from their next release on."""
    visitor = form.visitor
    version = form.text("version")
    here = f"{PAGE}/{quote(name)}?to={quote(version)}"

    def work() -> tuple[str, str]:
        values = {key.removeprefix("value-"): held for key, held in form.fields.items() if key.startswith("value-")}
        given = {key: held for key, held in values.items() if held}
        visitor.actor.require_somewhere(Permission.PROCESS_EDIT)
        wish = Wish(form.number("version") or 0, tuple(form.lists.get("users", ())), given)
        if not wish.users:
            return "Nobody was ticked.", here
        made = step_template_users.apply(visitor.context, visitor.actor, name, wish)
        return f"{len(made.needed)} uses are at version {made.version} from their next release on.", here

    return form.act(here, work)


@router.post("/step-templates/{name}/remove")
def remove(form: Posted, name: str) -> Response:
    """One that no process uses, or one of its versions."""
    visitor, version = form.visitor, form.number("version")

    def work() -> tuple[str, str]:
        if form.text("version"):
            visitor.actor.require_somewhere(Permission.LIBRARY_EDIT)  # before anything is said of what was typed
            if version is None:
                raise Invalid("input.invalid", f"{form.text('version')[:20]!r} is not a version", thing="version")
            step_templates.remove_version(visitor.context, visitor.actor, name, version)
            return f"Version {version} is removed.", f"{PAGE}/{quote(name)}"
        step_templates.remove(visitor.context, visitor.actor, name)
        return f"{name} is removed.", PAGE

    return form.act(f"{PAGE}/{quote(name)}", work)
