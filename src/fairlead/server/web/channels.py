"""A project's channels and how its releases are numbered, with the forms that change them."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from fairlead.domain.errors import FairleadError
from fairlead.domain.release_settings import ReleaseSettings
from fairlead.formats import rule_lines
from fairlead.server.routing import page_router
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Form, Posted, Visiting
from fairlead.usecases import channels, lifecycles, projects, release_settings

router = page_router()


@router.get("/projects/{project}/channels")
def show(visitor: Visiting, project: str, part: Searched) -> Response:
    """A part of them, by name, the settings of releases, and the next version."""
    context, actor = visitor.context, visitor.actor
    owner = projects.get(context, actor, project)
    found = channels.page(context, actor, owner.name, search=part.search, after=part.after, limit=part.limit)
    values = {
        "project": owner,
        "channels": found.items,
        "listed": part.shown(found.after),
        "lifecycles": lifecycles.all_of(context, actor),
        "settings": release_settings.get(context, actor, owner.name).settings,
        "written": rule_lines.written,
        "words": rule_lines.WORDS,
        "next": "",
        "no_next": "",
    }
    try:
        values["next"] = release_settings.next_release(context, actor, owner.name)
    except FairleadError as error:
        values["no_next"] = error.message
    return visitor.page("channels.html", values)


@router.post("/projects/{project}/channels")
def add(form: Posted, project: str) -> Response:
    """A new one."""
    visitor = form.visitor

    def work() -> str:
        made = channels.add(visitor.context, visitor.actor, project, _words(form))
        return f"The channel {made.channel.name} is added."

    return form.act(_page(project), work)


@router.post("/projects/{project}/channels/{channel}")
def change(form: Posted, project: str, channel: str) -> Response:
    """As the form has it."""
    visitor = form.visitor

    def work() -> str:
        revision = form.number("revision")
        saved = channels.put(visitor.context, visitor.actor, project, channel, _words(form), revision=revision)
        return f"The channel {saved.channel.name} is changed."

    return form.act(_page(project), work)


@router.post("/projects/{project}/channels/{channel}/remove")
def remove(form: Posted, project: str, channel: str) -> Response:
    """One that no release was made in."""
    visitor = form.visitor

    def work() -> str:
        channels.remove(visitor.context, visitor.actor, project, channel)
        return "The channel is removed."

    return form.act(_page(project), work)


@router.post("/projects/{project}/release-settings")
def change_settings(form: Posted, project: str) -> Response:
    """How releases are numbered and described."""
    visitor = form.visitor

    def work() -> str:
        settings = ReleaseSettings(
            form.text("version_template"),
            form.text("donor"),
            form.text("notes_template"),
            form.text("changes_template"),
            form.is_ticked("locks_variables"),
        )
        release_settings.put(visitor.context, visitor.actor, project, settings)
        return "The settings of releases are changed."

    return form.act(_page(project), work)


def _page(project: str) -> str:
    return f"/projects/{quote(project)}/channels"


def _words(form: Form) -> channels.ChannelWords:
    return channels.ChannelWords(
        form.text("name").strip(),
        form.text("description"),
        form.text("lifecycle"),
        form.is_ticked("is_default"),
        tuple(map(rule_lines.read, form.lines("rules"))),
        form.listed("tenant_tags"),
    )
