"""Triggers of a project: when each is due, what it did the last times and why, and the forms that change them."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from fairlead.domain.trigger import TriggerAction
from fairlead.server.web.visit import Posted, Visiting
from fairlead.usecases import environments, projects, triggers

router = APIRouter()


@router.get("/projects/{project}/triggers")
def show(visitor: Visiting, project: str) -> Response:
    """All of them, each with its record."""
    context, actor = visitor.context, visitor.actor
    owner = projects.get(context, actor, project)
    found = triggers.all_of(context, actor, owner.name)
    values = {
        "project": owner,
        "triggers": found,
        "records": {
            one.trigger.id: triggers.evaluated(context, actor, owner.name, one.trigger.id, limit=10).items
            for one in found
        },
        "environments": environments.all_of(context, actor),
        "actions": list(TriggerAction),
    }
    return visitor.page("triggers.html", values)


@router.post("/projects/{project}/triggers")
def put(form: Posted, project: str) -> Response:
    """The trigger of this name is so from now on."""
    visitor = form.visitor

    def work() -> str:
        draft = triggers.Draft(
            form.text("name"),
            form.text("cron"),
            TriggerAction(form.text("action") or TriggerAction.DEPLOY_LATEST),
            zone=form.text("zone") or "UTC",
            source=form.text("source"),
            destination=form.text("destination"),
            is_forced=form.is_ticked("force"),
            is_enabled=not form.is_ticked("disabled"),
        )
        made = triggers.put(visitor.context, visitor.actor, project, draft)
        return f"Trigger {made.trigger.name} is set."

    return form.act(f"/projects/{quote(project)}/triggers", work)


@router.post("/projects/{project}/triggers/{name}/evaluate")
def evaluate(form: Posted, project: str, name: str) -> Response:
    """Do now what it is for."""
    visitor = form.visitor

    def work() -> str:
        made = triggers.evaluate(visitor.context, visitor.actor, project, name)
        return ("It fired: " if made.has_fired else "It did not fire: ") + made.reason

    return form.act(f"/projects/{quote(project)}/triggers", work)


@router.post("/projects/{project}/triggers/{name}/remove")
def remove(form: Posted, project: str, name: str) -> Response:
    """Gone, with its record."""
    visitor = form.visitor

    def work() -> str:
        triggers.remove(visitor.context, visitor.actor, project, name)
        return "The trigger is removed."

    return form.act(f"/projects/{quote(project)}/triggers", work)
