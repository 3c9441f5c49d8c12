"""Triggers of a project: what each waits for, what it did the last times and why, and the forms that change them."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from fairlead.domain.errors import FairleadError, Invalid, NotAllowed
from fairlead.domain.trigger import DEFAULT_POLL_S, TargetEvent, TriggerAction, TriggerKind
from fairlead.server.routing import page_router
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Form, Posted, Visiting, one_of
from fairlead.usecases import channels, environments, image_looks, projects, runbooks, triggers

KINDS = {
    TriggerKind.SCHEDULE: "at the times of a cron line",
    TriggerKind.PACKAGE: "a package was pushed into the built-in feed",
    TriggerKind.IMAGE: "a registry, which is asked, has a newer version of an image",
    TriggerKind.PUSH: "a registry tells that an image was pushed",
    TriggerKind.TARGET: "a target is new, enabled or answers again",
}
ACTIONS = {
    TriggerAction.DEPLOY_LATEST: "the latest release goes to an environment",
    TriggerAction.NEW_RELEASE: "a release is made",
    TriggerAction.DEPLOY_CURRENT: "a target gets what is live in its environment",
    TriggerAction.RUN_RUNBOOK: "what is published of a runbook runs",
}
"""What kinds and actions are, beside their names."""

router = page_router()


@router.get("/projects/{project}/triggers")
def show(visitor: Visiting, project: str, part: Searched) -> Response:
    """A part of them, by name, each with its record."""
    context, actor = visitor.context, visitor.actor
    owner = projects.get(context, actor, project)
    found = triggers.page(context, actor, owner.name, search=part.search, after=part.after, limit=part.limit)
    values = {
        "project": owner,
        "triggers": found.items,
        "listed": part.shown(found.after),
        "records": triggers.lately_evaluated(context, actor, owner.name, found.items),
        "environments": environments.all_of(context, actor),
        "channels": channels.page(context, actor, owner.name, limit=200).items,
        "runbooks": runbooks.names(context, actor, owner.name),
        "actions": ACTIONS,
        "kinds": KINDS,
        "events": list(TargetEvent),
        "poll_s": DEFAULT_POLL_S,
    }
    return visitor.page("triggers.html", values)


@router.post("/projects/{project}/triggers")
def put(form: Posted, project: str) -> Response:
    """Make the trigger, or replace it; the form that changes one says which revision it shows."""
    visitor = form.visitor

    def work() -> str:
        revision = form.number("revision")
        made = triggers.put(visitor.context, visitor.actor, project, _draft(form), revision=revision)
        return f"Trigger {made.trigger.name} is {'set' if revision is None else 'changed'}."

    return form.act(f"/projects/{quote(project)}/triggers", work)


def _draft(form: Form) -> triggers.Draft:
    action = form.text("action")
    return triggers.Draft(
        form.text("name"),
        form.text("cron"),
        one_of(TriggerAction, action, "action") if action else None,
        zone=form.text("zone") or "UTC",
        source=form.text("source"),
        destination=form.text("destination"),
        channel=form.text("channel"),
        is_forced=form.is_ticked("force"),
        is_enabled=not form.is_ticked("disabled"),
        kind=one_of(TriggerKind, form.text("kind") or TriggerKind.SCHEDULE, "kind"),
        runbook=form.text("runbook"),
        watches=form.text("watches").replace(",", " ").split(),
        poll_s=_poll_s(form),
        environments=form.lists.get("environments", ()),
        tags=form.listed("tags"),
        events=[one_of(TargetEvent, one, "event") for one in form.lists.get("events", ())],
        tenants=form.lines("tenants"),
        tenant_tags=form.listed("tenant_tags"),
    )


def _poll_s(form: Form) -> int:
    """As given; the default where the field is left empty."""
    if not form.text("poll_s").strip():
        return DEFAULT_POLL_S
    given = form.number("poll_s")
    if given is None:
        raise Invalid("trigger.invalid", "how often a registry is asked is a number of seconds", thing="poll_s")
    return given


@router.post("/projects/{project}/triggers/{name}/evaluate")
async def evaluate(form: Posted, project: str, name: str) -> Response:
    """Let it act now."""
    visitor, back = form.visitor, f"/projects/{quote(project)}/triggers"
    try:
        made = await image_looks.evaluate(visitor.context, visitor.actor, visitor.server.registries, project, name)
    except NotAllowed:
        raise
    except FairleadError as error:
        return form.refused(back, error)
    return form.done(back, ("It fired: " if made.has_fired else "It did not fire: ") + made.reason)


@router.post("/projects/{project}/triggers/{name}/remove")
def remove(form: Posted, project: str, name: str) -> Response:
    """Gone, with its record."""
    visitor = form.visitor

    def work() -> str:
        triggers.remove(visitor.context, visitor.actor, project, name)
        return "The trigger is removed."

    return form.act(f"/projects/{quote(project)}/triggers", work)
