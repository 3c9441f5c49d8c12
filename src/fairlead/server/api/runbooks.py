"""Runbooks of a project, and their runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Header, Response
from pydantic import Field

from fairlead.domain.project import Tenancy
from fairlead.domain.runbook import DEFAULT_KEPT_RUNS, MOST_KEPT_RUNS, RunbookRunState
from fairlead.formats.moments import GivenTime
from fairlead.formats.process import process_of, process_text
from fairlead.formats.process_model import ProcessModel
from fairlead.server.api import answers, shapes
from fairlead.server.api.answers import runbooks as told
from fairlead.server.api.bodies import Body
from fairlead.server.api.doors import After, Asked, Asking, Books, Limit, revision_of, tag
from fairlead.server.api.process_choice import ChoosingBody
from fairlead.server.routing import api_router
from fairlead.usecases import runbook_runs, runbooks, scheduled_runs, tenanted

router = api_router("runbooks", "/projects/{project}/runbooks")


class RunbookBody(Body):
    description: str = Field("", max_length=10_000)
    environments: list[str] = Field(default_factory=list, max_length=200, description="none: everywhere")
    in_lifecycle: bool = Field(default=False, description="only in the environments of the project's lifecycle")
    kept_runs: int = Field(
        DEFAULT_KEPT_RUNS, ge=1, le=MOST_KEPT_RUNS, description="in each environment, for each tenant"
    )
    tenancy: Tenancy | None = Field(None, description="for whom it may run; null: as the project is deployed")
    process: ProcessModel | None = Field(None, description="null: as before, at first without steps")


class RunWish(ChoosingBody):
    prompted: dict[str, str] = Field(
        default_factory=dict, max_length=200, description="answers to what it asks for, by label or name"
    )
    override_freeze: str = Field("", max_length=2000, description="why no freeze binds it; needs freeze.override")
    at: GivenTime | None = Field(None, description="when it may begin, up to 30 days ahead; null: now")
    not_after: GivenTime | None = Field(None, description="after it, it does not begin any more")

    @property
    def wish(self) -> runbook_runs.Wish:
        """As the use case takes it."""
        return runbook_runs.Wish(
            self.prompted, self.choice, self.override_freeze, not_before=self.at, not_after=self.not_after
        )


class PlannedRunWish(RunWish):
    plan_hash: str = Field("", max_length=64, description="what was shown of one run; refused where another would run")

    @property
    def wish(self) -> runbook_runs.Wish:
        """As the use case takes it."""
        return replace(super().wish, plan_hash=self.plan_hash)


class RunPlan(ChoosingBody):
    environment: str = Field(max_length=80)
    tenant: str = Field("", max_length=100, description='for whom, by name; "": for nobody in particular')
    prompted: dict[str, str] | None = Field(
        None, max_length=200, description="answers to what it asks for; null: its defaults, answered or not"
    )


class NewRun(PlannedRunWish):
    environment: str = Field(max_length=80)
    tenant: str = Field("", max_length=100, description='for whom, by name; "": for nobody in particular')


class NewRuns(PlannedRunWish):
    environments: list[str] = Field(min_length=1, max_length=200)
    tenant: str = Field("", max_length=100, description='for whom, by name; "": for nobody in particular')


class NewTenantRuns(RunWish):
    environments: list[str] = Field(min_length=1, max_length=200)
    tenants: list[str] = Field(default_factory=list, max_length=1000, description="by name")
    tenant_tags: list[str] = Field(
        default_factory=list, max_length=100, description="Set/Tag: for each tenant there that has them"
    )


@router.get("")
def list_runbooks(context: Books, actor: Asking, project: str, asked: Asked) -> answers.Page[told.Runbook]:
    """The project's runbooks, by name."""
    part = runbooks.page(context, actor, project, search=asked.search, after=asked.after, limit=asked.limit)
    return shapes.page(part, runbook)


@router.get("/{runbook_name}")
def get_runbook(context: Books, actor: Asking, project: str, runbook_name: str, response: Response) -> told.Runbook:
    """One runbook, with its draft."""
    return _tagged(response, runbooks.get(context, actor, project, runbook_name))


@router.put("/{runbook_name}")
def put_runbook(
    context: Books,
    actor: Asking,
    project: str,
    runbook_name: str,
    body: RunbookBody,
    response: Response,
    if_match: Annotated[str | None, Header(description='the revision that was read: "3"')] = None,
) -> told.Runbook:
    """Make the runbook, or replace its draft; what is published stays. With If-Match only if nobody has changed it
    since."""
    process = process_of(body.process) if body.process is not None else None
    draft = runbooks.Draft(
        runbook_name,
        body.description,
        body.environments,
        body.kept_runs,
        process,
        in_lifecycle=body.in_lifecycle,
        tenancy=body.tenancy,
    )
    return _tagged(response, runbooks.put(context, actor, project, draft, revision=revision_of(if_match)))


@router.delete("/{runbook_name}", status_code=204)
def remove_runbook(context: Books, actor: Asking, project: str, runbook_name: str) -> Response:
    """Remove the runbook. The tasks of its runs stay."""
    runbooks.remove(context, actor, project, runbook_name)
    return Response(status_code=204)


@router.post("/{runbook_name}/publish")
def publish_runbook(context: Books, actor: Asking, project: str, runbook_name: str) -> told.Runbook:
    """Publish the draft with the project's variables as they are now: runs use these until it is published again."""
    return runbook(runbooks.publish(context, actor, project, runbook_name))


@router.post("/{runbook_name}/plan")
def plan_runbook_run(context: Books, actor: Asking, project: str, runbook_name: str, body: RunPlan) -> told.RunbookPlan:
    """What a run of the published runbook would do, step by step. Nothing is changed; a run that is asked for with the
    same body has the same hash."""
    found = runbook_runs.preview(
        context,
        actor,
        project,
        runbook_name,
        body.environment,
        tenant=body.tenant,
        choice=body.choice,
        prompted=body.prompted,
    )
    return {**shapes.plan(found.plan), "refused": found.refused}


@router.post("/{runbook_name}/runs", status_code=201)
def run_runbook(context: Books, actor: Asking, project: str, runbook_name: str, body: NewRun) -> told.RunbookRun:
    """Run the published runbook in the environment (for the tenant). It is queued until its turn comes, or scheduled
    where it is to begin later."""
    made = runbook_runs.run(context, actor, project, runbook_name, body.environment, tenant=body.tenant, wish=body.wish)
    return as_told(made)


@router.post("/{runbook_name}/runs/several", status_code=201)
def run_runbook_in_several(
    context: Books, actor: Asking, project: str, runbook_name: str, body: NewRuns
) -> answers.Page[told.RunbookRun]:
    """Run the runbook in several environments: in all of them, or, if one is refused, in none."""
    places, tenant = body.environments, body.tenant
    made = runbook_runs.run_in_all(context, actor, project, runbook_name, places, tenant=tenant, wish=body.wish)
    return shapes.whole(made, as_told)


@router.post("/{runbook_name}/tenant-runs", status_code=201)
def run_runbook_for_tenants(
    context: Books, actor: Asking, project: str, runbook_name: str, body: NewTenantRuns
) -> told.TenantRuns:
    """Run the runbook for several tenants, one run for each tenant and environment. One that is refused does not hold
    up the others."""
    asked = tenanted.run_each(
        context,
        actor,
        project,
        runbook_name,
        body.environments,
        names=body.tenants,
        tags=body.tenant_tags,
        wish=body.wish,
    )
    return {
        "made": [as_told(view) for view in asked.made],
        "refused": [
            {
                "tenant": one.tenant,
                "environment": one.environment,
                "code": one.error.code,
                "detail": one.error.message,
                "hint": one.error.hint,
            }
            for one in asked.refused
        ],
    }


@router.get("/{runbook_name}/prompts")
def list_runbook_prompts(
    context: Books, actor: Asking, project: str, runbook_name: str, environment: str, tenant: str = ""
) -> answers.Page[answers.Question]:
    """What a run in the environment (for the tenant) asks for, by label."""
    asked = runbook_runs.questions_of(context, actor, project, runbook_name, environment, tenant=tenant)
    return shapes.whole(asked, shapes.question)


@router.get("/{runbook_name}/runs")
def list_runbook_runs(
    context: Books,
    actor: Asking,
    project: str,
    runbook_name: str,
    environment: str = "",
    tenant: str = "",
    state: RunbookRunState | None = None,
    after: After = None,
    limit: Limit = 50,
) -> answers.Page[told.RunbookRun]:
    """The runbook's runs, the newest first."""
    part = runbook_runs.runs_of(
        context,
        actor,
        project,
        runbook_name,
        environment=environment,
        tenant=tenant,
        state=state,
        after=after,
        limit=limit,
    )
    return shapes.page(part, as_told)


@router.post("/{runbook_name}/runs/{run}/cancel")
def cancel_scheduled_run(context: Books, actor: Asking, project: str, runbook_name: str, run: str) -> told.RunbookRun:
    """Cancel a run, by id or number, that is scheduled and has not begun."""
    return as_told(scheduled_runs.cancel(context, actor, project, runbook_name, run))


def runbook(one: runbooks.RunbookView) -> told.Runbook:
    """As the API tells it."""
    held = one.runbook
    return {
        "id": held.id,
        "project": one.project,
        "name": held.name,
        "description": held.description,
        "environments": list(one.environments),
        "tenancy": held.tenancy,
        "in_lifecycle": held.in_lifecycle,
        "kept_runs": held.kept_runs,
        "text": process_text(one.draft),
        "steps": [step.name for step in one.draft.steps],
        "is_published": held.published is not None,
        "is_changed": one.is_changed,
        "published_at": held.published.at if held.published else None,
        "published_by": held.published.by if held.published else "",
        "packages": dict(held.published.packages) if held.published else {},
        "script_commits": dict(held.published.script_commits) if held.published else {},
        "step_images": dict(held.published.step_images) if held.published else {},
        "created_at": held.created_at.isoformat(),
        "created_by": held.created_by,
        "revision": held.revision,
    }


def as_told(one: runbook_runs.RunView) -> told.RunbookRun:
    """As the API tells it."""
    held = one.run
    return {
        "id": held.id,
        "number": held.number,
        "runbook": one.runbook,
        "project": one.project,
        "environment": one.environment,
        "tenant": one.tenant,
        "task": held.task,
        "state": one.state,
        "code": one.code,
        "reason": one.reason,
        "hint": one.hint,
        "not_before": held.not_before.isoformat() if held.not_before else None,
        "not_after": held.not_after.isoformat() if held.not_after else None,
        "published_at": held.snapshot.at,
        "created_at": held.created_at.isoformat(),
        "created_by": held.created_by,
    }


def _tagged(response: Response, one: runbooks.RunbookView) -> told.Runbook:
    tag(response, one.runbook.revision)
    return runbook(one)
