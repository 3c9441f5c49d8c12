"""Deployments, going back, plans and approvals."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import Field

from fairlead.domain.approval import ApprovalState
from fairlead.domain.deployment import DeploymentOutcome, DeploymentState
from fairlead.domain.errors import NotFound
from fairlead.domain.permission import Permission
from fairlead.domain.process import ProcessChoice
from fairlead.domain.slot import Slot
from fairlead.formats.moments import GivenTime
from fairlead.server.api import answers, shapes
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asking, Books, Limit, Parts
from fairlead.server.api.foreseen import foreseen
from fairlead.server.api.process_choice import ChoosingBody
from fairlead.server.routing import api_router
from fairlead.usecases import (
    adoption,
    approvals,
    deployments,
    foreseeing,
    marking,
    places,
    resuming,
    retrying,
    rolling_back,
    scheduling,
    tasks,
    tenanted,
)

router = api_router("deployments")


class NewDeployment(ChoosingBody):
    version: str = Field(max_length=128)
    environment: str = Field(max_length=40)
    tenant: str = Field("", max_length=100, description='for whom, by name; "": for no tenant')
    force: bool = False
    recreate_accessories: list[str] = Field(default_factory=list, max_length=50)
    plan_hash: str = Field("", max_length=64, description="what was shown; refused where another would run")
    keep_failed_s: float = Field(0, ge=0, le=604_800, description="keep the idle slot for so long where it fails")
    at: GivenTime | None = Field(None, description="when it may begin, up to 30 days ahead; null: now")
    not_after: GivenTime | None = Field(None, description="after it, it does not begin any more")
    override_freeze: str = Field("", max_length=2000, description="why freezes do not bind it; needs freeze.override")
    prompted: dict[str, str] = Field(
        default_factory=dict, max_length=200, description="answers to what it asks for, by label or name"
    )


class NewPlan(ChoosingBody):
    version: str = Field(max_length=128)
    environment: str = Field(max_length=40)
    tenant: str = Field("", max_length=100, description='for whom, by name; "": for no tenant')
    recreate_accessories: list[str] = Field(default_factory=list, max_length=50)
    prompted: dict[str, str] | None = Field(
        None, max_length=200, description="answers to what it asks for, by label or name; null: it is not asked"
    )


Chosen = Annotated[list[str], Query(max_length=500)]


class FailedMark(Body):
    reason: str = Field(max_length=10_000, description="shown beside how it ended")


class Keeping(Body):
    seconds: float = Field(ge=0, le=604_800, description="0: not any more")


class NewTenantDeployments(ChoosingBody):
    version: str = Field(max_length=128)
    environment: str = Field(max_length=40)
    tenants: list[str] = Field(default_factory=list, max_length=1000, description="by name")
    tenant_tags: list[str] = Field(
        default_factory=list, max_length=100, description="Set/Tag: for each tenant there that has them"
    )
    force: bool = False
    at: GivenTime | None = Field(None, description="when they may begin, up to 30 days ahead; null: now")
    not_after: GivenTime | None = Field(None, description="after it, they do not begin any more")
    override_freeze: str = Field("", max_length=2000, description="why freezes do not bind them; needs freeze.override")
    prompted: dict[str, str] = Field(
        default_factory=dict, max_length=200, description="answers to what they ask for, by label or name"
    )


class NewRollback(Body):
    environment: str = Field(max_length=40)
    tenant: str = Field("", max_length=100, description="whose release goes back, by name")
    to: str = Field("", max_length=128)
    override_freeze: str = Field("", max_length=2000, description="why freezes do not bind it; needs freeze.override")


class Retirement(Body):
    accessories: bool = Field(default=False, description="end the accessories, too")
    tenant: str = Field("", max_length=100, description="whose, by name")


class AdoptionBody(Body):
    deployment: str = Field(max_length=80, description="the deployment that was shown: what users are on")


class Answer(Body):
    note: str = Field("", max_length=10_000)
    plan_hash: str = Field("", max_length=64, description="the plan that is answered to; refused where it is another")


@router.get("/deployments")
def list_deployments(
    context: Books,
    actor: Asking,
    project: str = "",
    environment: str = "",
    tenant: str = "",
    version: str = "",
    state: DeploymentState | None = None,
    outcome: DeploymentOutcome | None = None,
    number: Annotated[int | None, Query(ge=1, le=2**31)] = None,
    parent: str = "",
    after: After = None,
    limit: Limit = 50,
) -> answers.Page[answers.Deployment]:
    """Deployments, the newest first. `version` finds those of releases of that version, `number` those with that number
    in their project and environment, `parent` those that a step of that task asked for."""
    part = deployments.page(
        context,
        actor,
        project=project,
        environment=environment,
        tenant=tenant,
        version=version,
        state=state,
        outcome=outcome,
        number=number,
        parent=parent,
        after=after,
        limit=limit,
    )
    return shapes.page(part, shapes.deployment)


@router.get("/deployments/{id}")
def get_deployment(context: Books, actor: Asking, id: str) -> answers.DeploymentAlone:
    """One deployment, with what its users met during the switch."""
    return shapes.deployment_alone(deployments.get(context, actor, id))


@router.get("/deployments/{id}/certificate")
def get_restoration(context: Books, actor: Asking, id: str) -> answers.Certificate:
    """The states before and after the deployment, whole, and how they compare with each other and with what its plan
    announced."""
    return shapes.whole_restoration(deployments.certificate(context, actor, id))


@router.post("/deployments/{id}/resume")
async def resume(context: Books, server: Parts, actor: Asking, id: str) -> answers.DeploymentAlone:
    """Try an unsettled deployment again now: its way back, or what comes after its commit point."""
    actor.require_somewhere(Permission.DEPLOYMENT_CREATE)
    seen = await context.database.run(lambda: deployments.get(context, actor, id))
    await resuming.require_safe(context, server.container_engine, server.proxy, seen.deployment.task or "")
    task = await context.database.run(lambda: tasks.may_resume_deployment(context, actor, id))
    end = (await server.tasks.unsettled()).get(task)
    await server.durable.resume(task, again=(end.again if end else 0) + 1)
    return shapes.deployment_alone(await context.database.run(lambda: deployments.get(context, actor, id)))


@router.post("/projects/{project}/deployments", status_code=201)
def deploy(context: Books, actor: Asking, project: str, body: NewDeployment) -> answers.Deployment:
    """Deploy a release. The deployment is queued, or waits for an approval."""
    view = deployments.create(
        context,
        actor,
        project,
        body.version,
        body.environment,
        is_forced=body.force,
        recreate_accessories=body.recreate_accessories,
        plan_hash=body.plan_hash,
        keep_failed_s=body.keep_failed_s,
        choice=body.choice,
        prompted=body.prompted,
        not_before=body.at,
        not_after=body.not_after,
        override_freeze=body.override_freeze,
        tenant=body.tenant,
    )
    return shapes.deployment(view)


@router.post("/projects/{project}/tenant-deployments", status_code=201)
def deploy_for_tenants(
    context: Books, actor: Asking, project: str, body: NewTenantDeployments
) -> answers.TenantDeployments:
    """Deploy a release for several tenants, one deployment each. One that is refused does not hold up the others."""
    asked = tenanted.create_each(
        context,
        actor,
        project,
        body.version,
        body.environment,
        names=body.tenants,
        tags=body.tenant_tags,
        is_forced=body.force,
        choice=body.choice,
        prompted=body.prompted,
        not_before=body.at,
        not_after=body.not_after,
        override_freeze=body.override_freeze,
    )
    return {
        "made": [shapes.deployment(view) for view in asked.made],
        "refused": [
            {"tenant": one.tenant, "code": one.error.code, "detail": one.error.message, "hint": one.error.hint}
            for one in asked.refused
        ],
    }


@router.post("/projects/{project}/rollback", status_code=201)
def roll_back(context: Books, actor: Asking, project: str, body: NewRollback) -> answers.Deployment:
    """Go back to the release that was live before, or to the one that is named."""
    view = rolling_back.roll_back(
        context,
        actor,
        project,
        body.environment,
        to=body.to,
        override_freeze=body.override_freeze,
        tenant=body.tenant,
    )
    return shapes.deployment(view)


@router.post("/deployments/{id}/cancel")
def cancel_scheduled(context: Books, actor: Asking, id: str) -> answers.Deployment:
    """Cancel a deployment that is scheduled and has not begun."""
    return shapes.deployment(scheduling.cancel(context, actor, id))


@router.post("/projects/{project}/environments/{environment}/retire", status_code=201)
def retire(context: Books, actor: Asking, project: str, environment: str, body: Retirement) -> answers.Task:
    """Stop and remove what is live there and what stands by. Its routes become free; volumes stay."""
    whole, tenant = body.accessories, body.tenant
    return shapes.task(places.retire(context, actor, project, environment, accessories=whole, tenant=tenant))


@router.get("/projects/{project}/environments/{environment}/adoption")
async def look_at_adoption(
    context: Books, server: Parts, actor: Asking, project: str, environment: str, tenant: str = ""
) -> answers.Adoption:
    """Compare what users reach there with what Fairlead's books say. Nothing is changed."""
    parts = (server.container_engine, server.proxy)
    return _adoption(await adoption.look(context, actor, *parts, project, environment, tenant=tenant))


@router.post("/projects/{project}/environments/{environment}/adoption", status_code=201)
async def adopt(
    context: Books,
    server: Parts,
    actor: Asking,
    project: str,
    environment: str,
    body: AdoptionBody,
    tenant: str = "",
) -> answers.Adoption:
    """Let Fairlead's books take over what the proxy says, after an old backup was restored."""
    parts = (server.container_engine, server.proxy, server.catalogue)
    seen = await adoption.adopt(context, actor, *parts, project, environment, deployment=body.deployment, tenant=tenant)
    return _adoption(seen)


def _adoption(seen: adoption.Adoption) -> answers.Adoption:
    return {
        "project": seen.place.project,
        "environment": seen.place.environment,
        "tenant": seen.place.tenant or "",
        "is_needed": seen.is_needed,
        "booked": _slot(seen.booked) if seen.booked else None,
        "found": _slot(seen.found),
        "routes": [f"{route.host}{route.path}" for _, route in seen.routes],
        "instances": [entry.instance for entry in seen.entries],
    }


def _slot(slot: Slot) -> answers.AdoptionSlot:
    return {"colour": slot.colour, "version": slot.version, "deployment": slot.deployment}


@router.get("/projects/{project}/plan")
async def plan(
    context: Books,
    server: Parts,
    actor: Asking,
    project: str,
    version: str,
    environment: str,
    tenant: str = "",
    recreate_accessory: Annotated[list[str], Query(max_length=50)] = [],  # noqa: B006 - FastAPI copies it
    skip: Chosen = [],  # noqa: B006
    only_target: Chosen = [],  # noqa: B006
    without_target: Chosen = [],  # noqa: B006
    guided: bool | None = None,
    redeploy_packages: bool = False,
) -> answers.Foreseen:
    """What a deployment would do, and how the result would differ from what is live. Nothing is changed."""
    found = await foreseeing.preview(
        context,
        actor,
        server.outside,
        project,
        version,
        environment,
        recreate_accessories=recreate_accessory,
        choice=ProcessChoice(
            tuple(skip),
            tuple(only_target),
            tuple(without_target),
            guided,
            redeploys_packages=redeploy_packages,
        ),
        tenant=tenant,
    )
    return foreseen(found)


@router.post("/projects/{project}/plan")
async def plan_with_answers(
    context: Books, server: Parts, actor: Asking, project: str, body: NewPlan
) -> answers.Foreseen:
    """As `plan`, with answers to what the deployment asks for: a deployment that is asked for with the same body has
    the same hash. Nothing is changed."""
    found = await foreseeing.preview(
        context,
        actor,
        server.outside,
        project,
        body.version,
        body.environment,
        recreate_accessories=body.recreate_accessories,
        choice=body.choice,
        tenant=body.tenant,
        prompted=body.prompted,
    )
    return foreseen(found)


@router.post("/deployments/{id}/retry", status_code=201)
def retry(context: Books, actor: Asking, id: str) -> answers.Deployment:
    """Try a failed deployment again from the step that failed; what its process had finished is kept."""
    return shapes.deployment(retrying.retry(context, actor, id))


@router.post("/deployments/{id}/keep")
def keep(context: Books, actor: Asking, id: str, body: Keeping) -> answers.Deployment:
    """If it fails, leave its idle slot running, without a route, for the given time."""
    return shapes.deployment(deployments.keep(context, actor, id, seconds=body.seconds))


@router.post("/deployments/{id}/failed-mark")
def mark_failed(context: Books, actor: Asking, id: str, body: FailedMark) -> answers.Deployment:
    """Record that a deployment that went live failed all the same. Nothing else changes."""
    return shapes.deployment(marking.mark_failed(context, actor, id, body.reason))


@router.delete("/deployments/{id}/failed-mark")
def unmark(context: Books, actor: Asking, id: str) -> answers.Deployment:
    """Take the mark back."""
    return shapes.deployment(marking.unmark(context, actor, id))


@router.get("/deployments/{id}/plan")
async def plan_of_deployment(context: Books, server: Parts, actor: Asking, id: str) -> answers.Foreseen | answers.Plan:
    """The plan of a deployment. While it waits: the plan that would run now, and how it differs from the one that was
    asked for. Once it has begun: the plan that was frozen."""
    view = await context.database.run(lambda: deployments.get(context, actor, id))
    if foreseeing.waits(view.deployment):
        return foreseen(await foreseeing.of_deployment(context, actor, server.outside, view.deployment.id))
    task = view.deployment.task
    frozen = (await context.database.run(lambda: tasks.view(context, actor, task))).plan if task else None
    if frozen is None:
        raise NotFound("deployment.no_plan", "it ended before it had a plan", thing=id)
    return shapes.plan(frozen)


@router.get("/approvals")
def list_approvals(
    context: Books,
    actor: Asking,
    state: ApprovalState | None = None,
    project: str = "",
    environment: str = "",
    tenant: str = "",
    after: After = None,
    limit: Limit = 50,
) -> answers.Page[answers.Approval]:
    """Approvals, the newest first."""
    where = {"project": project, "environment": environment, "tenant": tenant}
    return shapes.page(approvals.page(context, actor, state=state, **where, after=after, limit=limit), shapes.approval)


@router.get("/approvals/{id}")
def get_approval(context: Books, actor: Asking, id: str) -> answers.Approval:
    """One approval."""
    return shapes.approval(approvals.get(context, actor, id))


@router.post("/approvals/{id}/approve")
def approve(context: Books, actor: Asking, id: str, body: Answer) -> answers.Approval:
    """Approve the deployment: the plan that was shown begins."""
    return shapes.approval(approvals.approve(context, actor, id, note=body.note, plan_hash=body.plan_hash))


@router.post("/approvals/{id}/reject")
def reject(context: Books, actor: Asking, id: str, body: Answer) -> answers.Approval:
    """Reject the deployment: it ends without having begun."""
    return shapes.approval(approvals.reject(context, actor, id, note=body.note))
