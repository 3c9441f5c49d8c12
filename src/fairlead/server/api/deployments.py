"""Deployments, going back, plans and approvals."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from fairlead.domain.approval import ApprovalState
from fairlead.domain.deployment import DeploymentState
from fairlead.server.api import shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asking, Books, Limit
from fairlead.server.api.shapes import Shape
from fairlead.usecases import approvals, deployments, places, planning

router = APIRouter(tags=["deployments"])


class NewDeployment(Body):
    version: str = Field(max_length=128)
    environment: str = Field(max_length=40)
    force: bool = False
    recreate_accessories: list[str] = Field(default_factory=list, max_length=50)


class NewRollback(Body):
    environment: str = Field(max_length=40)
    to: str = Field("", max_length=128)


class Retirement(Body):
    accessories: bool = Field(default=False, description="end the accessories, too")


class Answer(Body):
    note: str = Field("", max_length=10_000)


@router.get("/deployments")
def list_deployments(
    context: Books,
    actor: Asking,
    project: str = "",
    environment: str = "",
    state: DeploymentState | None = None,
    after: After = None,
    limit: Limit = 50,
) -> Shape:
    """The newest first."""
    part = deployments.page(
        context, actor, project=project, environment=environment, state=state, after=after, limit=limit
    )
    return shapes.page(part, shapes.deployment)


@router.get("/deployments/{id}")
def get_deployment(context: Books, actor: Asking, id: str) -> Shape:
    """One deployment."""
    return shapes.deployment(deployments.get(context, actor, id))


@router.post("/projects/{project}/deployments", status_code=201)
def deploy(context: Books, actor: Asking, project: str, body: NewDeployment) -> Shape:
    """Deploy a release; it is queued, or waits for an approval."""
    view = deployments.create(
        context,
        actor,
        project,
        body.version,
        body.environment,
        is_forced=body.force,
        recreate_accessories=body.recreate_accessories,
    )
    return shapes.deployment(view)


@router.post("/projects/{project}/rollback", status_code=201)
def roll_back(context: Books, actor: Asking, project: str, body: NewRollback) -> Shape:
    """Back to the release that was live before, or to a named one."""
    return shapes.deployment(deployments.roll_back(context, actor, project, body.environment, to=body.to))


@router.post("/projects/{project}/environments/{environment}/retire", status_code=201)
def retire(context: Books, actor: Asking, project: str, environment: str, body: Retirement) -> Shape:
    """End what is live and what stands by there; routes are given back, volumes stay."""
    return shapes.task(places.retire(context, actor, project, environment, accessories=body.accessories))


@router.get("/projects/{project}/plan")
def plan(context: Books, actor: Asking, project: str, version: str, environment: str) -> Shape:
    """What a deployment would do; nothing is changed."""
    return shapes.plan(planning.preview(context, actor, project, version, environment))


@router.get("/approvals")
def list_approvals(
    context: Books, actor: Asking, state: ApprovalState | None = None, after: After = None, limit: Limit = 50
) -> Shape:
    """The newest first."""
    return shapes.page(approvals.page(context, actor, state=state, after=after, limit=limit), shapes.approval)


@router.get("/approvals/{id}")
def get_approval(context: Books, actor: Asking, id: str) -> Shape:
    """One approval."""
    return shapes.approval(approvals.get(context, actor, id))


@router.post("/approvals/{id}/approve")
def approve(context: Books, actor: Asking, id: str, body: Answer) -> Shape:
    """The deployment that was shown begins."""
    return shapes.approval(approvals.approve(context, actor, id, note=body.note))


@router.post("/approvals/{id}/reject")
def reject(context: Books, actor: Asking, id: str, body: Answer) -> Shape:
    """The deployment ends without having begun."""
    return shapes.approval(approvals.reject(context, actor, id, note=body.note))
