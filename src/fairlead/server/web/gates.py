"""Freezes on a page of their own, and the forms that report and resolve defects of a release."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import Query
from starlette.responses import Response

from fairlead.domain.errors import Invalid
from fairlead.domain.zones import nearest_shown, shown_everywhere, zone_named
from fairlead.server.routing import page_router
from fairlead.server.web import setup
from fairlead.server.web.lists import Searched
from fairlead.server.web.visit import Form, Posted, Visiting
from fairlead.usecases import defects, deployments, environments, freezes, marking, retrying, scheduling
from fairlead.usecases.deployments import DeploymentView

router = page_router()


@router.get("/freezes")
def show(visitor: Visiting, part: Searched, change: Annotated[str, Query(max_length=128)] = "") -> Response:
    """A part of them, the newest first, with the form for another, or to `change` one."""
    found = freezes.page(visitor.context, visitor.actor, search=part.search, after=part.after, limit=part.limit)
    changed = freezes.get(visitor.context, visitor.actor, change) if change else None
    values = {
        "section": setup.SECTION,
        "freezes": found.items,
        "listed": part.shown(found.after),
        "environments": environments.all_of(visitor.context, visitor.actor),
        "changed": changed,
        "local": local_to(changed.freeze.zone) if changed else None,
        "now": visitor.context.clock.now(),
    }
    return visitor.page("freezes.html", values)


@router.post("/freezes")
def add(form: Posted) -> Response:
    """A new one."""
    visitor = form.visitor

    def work() -> str:
        made = freezes.add(visitor.context, visitor.actor, _draft(form))
        return f"Freeze {made.freeze.name} is added" + (", and holds now." if made.is_active else ".")

    return form.act("/freezes", work)


@router.post("/freezes/{name}")
def change(form: Posted, name: str) -> Response:
    """It is as the form says, unless somebody changed it since the form was shown."""
    visitor = form.visitor

    def work() -> str:
        revision = form.number("revision")
        made = freezes.change(visitor.context, visitor.actor, name, _draft(form), revision=revision)
        return f"Freeze {made.freeze.name} is changed" + (", and holds now." if made.is_active else ".")

    return form.act("/freezes", work)


def _draft(form: Form) -> freezes.Draft:
    zone = form.text("zone") or "UTC"
    return freezes.Draft(
        form.text("name"),
        moment_of(form, "starts_at", zone),
        moment_of(form, "ends_at", zone),
        projects=form.text("projects").replace(",", " ").split(),
        environments=form.lists.get("environments", ()),
        reason=form.text("reason"),
        cron=form.text("cron"),
        zone=zone,
        lasts_s=(form.number("minutes") or 0) * 60,
        binds_runbooks=form.is_ticked("runbooks"),
        tenants=form.listed("tenants"),
    )


def local_to(zone: str) -> Callable[[datetime | None], str]:
    """Times as people of the zone read and write them, to the second; "" for none."""
    there = zone_named(zone)

    def written(at: datetime | None) -> str:
        local = nearest_shown(at).astimezone(there) if at else None
        return local.replace(tzinfo=None).isoformat(timespec="seconds") if local else ""

    return written


@router.post("/freezes/{name}/remove")
def remove(form: Posted, name: str) -> Response:
    """Remove it: it no longer holds anything back."""
    visitor = form.visitor

    def work() -> str:
        freezes.remove(visitor.context, visitor.actor, name)
        return "The freeze is removed."

    return form.act("/freezes", work)


@router.post("/projects/{project}/releases/{version}/defects")
def report(form: Posted, project: str, version: str) -> Response:
    """The release goes no further."""
    visitor = form.visitor

    def work() -> str:
        defects.report(visitor.context, visitor.actor, project, version, form.text("description"))
        return f"{version} goes no further until this is resolved."

    return form.act(f"/projects/{quote(project)}/releases/{quote(version)}", work)


@router.post("/projects/{project}/releases/{version}/defects/{id}/resolve")
def resolve(form: Posted, project: str, version: str, id: str) -> Response:
    """The release goes on."""
    visitor = form.visitor

    def work() -> str:
        defects.resolve(visitor.context, visitor.actor, id, resolution=form.text("resolution"))
        return "The defect is resolved."

    return form.act(f"/projects/{quote(project)}/releases/{quote(version)}", work)


@router.post("/deployments/{id}/cancel")
def cancel(form: Posted, id: str) -> Response:
    """A scheduled deployment does not begin."""
    visitor = form.visitor

    def work() -> str:
        made = scheduling.cancel(visitor.context, visitor.actor, id)
        return f"{made.project} {made.version} to {made.environment} does not begin."

    return form.act(f"/deployments/{quote(id)}", work)


@router.post("/deployments/{id}/retry")
def retry(form: Posted, id: str) -> Response:
    """A failed deployment is tried again from the step that failed."""
    visitor = form.visitor

    def work() -> tuple[str, str]:
        made = retrying.retry(visitor.context, visitor.actor, id)
        return f"{made.project} {made.version} to {made.environment} is tried again.", _page_of(made)

    return form.act(f"/deployments/{quote(id)}", work)


@router.post("/deployments/{id}/keep")
def keep(form: Posted, id: str) -> Response:
    """Where it fails, its idle slot is left standing for so long; 0 takes that back."""
    visitor, seconds = form.visitor, form.number("seconds") or 0

    def work() -> str:
        asked = deployments.keep(visitor.context, visitor.actor, id, seconds=seconds)
        if asked.deployment.has_ended:
            return f"It stands for {seconds / 60:g} minutes from now." if seconds else "It is ended now."
        kept = f"Where it fails, its idle slot is kept for {seconds / 60:g} minutes; no user reaches it."
        return kept if seconds else "Where it fails, everything is taken back."

    return form.act(f"/deployments/{quote(id)}", work)


@router.post("/deployments/{id}/mark-failed")
def mark_failed(form: Posted, id: str) -> Response:
    """One that went live failed all the same, as a person found; or that was a mistake."""
    visitor = form.visitor

    def work() -> str:
        if form.is_ticked("undo"):
            marking.unmark(visitor.context, visitor.actor, id)
            return "The mark is taken back."
        marking.mark_failed(visitor.context, visitor.actor, id, form.text("reason"))
        return "It is marked as failed; what is live stays."

    return form.act(f"/deployments/{quote(id)}", work)


def _page_of(made: DeploymentView) -> str:
    task = made.deployment.task
    return f"/tasks/{task}" if task else f"/deployments/{made.deployment.id}"


def moment_of(form: Form, name: str, zone: str) -> datetime | None:
    """The moment that a field gives in the zone; None if it is empty, Invalid if it is not a time."""
    text = form.text(name).strip()
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid("input.invalid", f"{text[:40]!r} is not a time: 2026-12-01T18:00", thing=name) from error
    found = found if found.tzinfo is not None else found.replace(tzinfo=zone_named(zone))
    try:
        return shown_everywhere(found)
    except ValueError as error:
        raise Invalid("input.invalid", str(error), thing=name) from error
