"""Approvals: what waits for a person, and answering; and a deployment that has no task (yet)."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Query
from starlette.responses import RedirectResponse, Response

from fairlead.domain.approval import ApprovalState
from fairlead.domain.deployment import DeploymentState
from fairlead.server.routing import page_router
from fairlead.server.web.counts import count_of
from fairlead.server.web.lists import Paged
from fairlead.server.web.plans import NO_PLAN, shown
from fairlead.server.web.visit import Posted, Visiting, in_one_transaction, local_path
from fairlead.usecases import approvals, deployments, foreseeing, why
from fairlead.usecases.deployments import DeploymentView

router = page_router()


@router.get("/approvals")
@in_one_transaction
def show(visitor: Visiting, part: Paged) -> Response:
    """Those that wait, and those that were answered."""
    waiting = approvals.page(visitor.context, visitor.actor, state=ApprovalState.WAITING, limit=200)
    found = approvals.page(visitor.context, visitor.actor, after=part.after, limit=part.limit)
    values = {
        "section": "/approvals",
        "waiting": waiting.items if not part.after else (),
        "answered": [one for one in found.items if one.approval.state is not ApprovalState.WAITING],
        "listed": part.shown(found.after),
    }
    return visitor.page("approvals.html", values)


@router.get("/approvals/count")
def show_count(visitor: Visiting, seen: Annotated[str, Query(max_length=64)] = "") -> Response:
    """How many wait, beside the word in the frame; 204 where nothing changed."""
    return count_of(visitor, "/approvals", seen)


@router.get("/deployments/{id}")
async def show_deployment(visitor: Visiting, id: str) -> Response:
    """Its task; where it has none, what it would be, and why it did not begin."""
    found = await asyncio.to_thread(deployments.get, visitor.context, visitor.actor, id)
    if found.deployment.task:
        return RedirectResponse(f"/tasks/{found.deployment.task}", status_code=303)
    waits = found.deployment.state is DeploymentState.WAITING and found.approval is not None
    plan = NO_PLAN
    if waits:
        outside = visitor.server.outside
        plan = await shown(foreseeing.of_deployment(visitor.context, visitor.actor, outside, found.deployment.id))
    id = found.deployment.id
    reasons = None if waits else await asyncio.to_thread(why.deployment, visitor.context, visitor.actor, id)
    values = {"section": "/approvals", "view": found, "waits": waits, "why": reasons, **plan}
    return await asyncio.to_thread(visitor.page, "deployment.html", values)


@router.post("/approvals/{id}/approve")
def approve(form: Posted, id: str) -> Response:
    """The deployment that was shown begins."""
    visitor = form.visitor

    def work() -> tuple[str, str]:
        answered = approvals.approve(
            visitor.context, visitor.actor, id, note=form.text("note"), plan_hash=form.text("plan_hash")
        )
        said = f"Approved: {_named(answered.of)} begins. It is plan {answered.approval.plan_hash[:12]}."
        return (said, f"/deployments/{answered.approval.deployment}")

    return form.act(local_path(form.text("back"), "/approvals"), work)


@router.post("/approvals/{id}/reject")
def reject(form: Posted, id: str) -> Response:
    """The deployment ends without having begun."""
    visitor = form.visitor

    def work() -> str:
        answered = approvals.reject(visitor.context, visitor.actor, id, note=form.text("note"))
        return f"Rejected: {_named(answered.of)} does not begin."

    return form.act(local_path(form.text("back"), "/approvals"), work)


def _named(view: DeploymentView) -> str:
    return f"{view.project} {view.version} to {view.environment}"
