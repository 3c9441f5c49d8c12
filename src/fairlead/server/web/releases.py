"""A release, and deploying one: which, where, and what it would do, before it does it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Query
from starlette.responses import Response

from fairlead.domain.deployment import DeploymentState
from fairlead.domain.errors import NotFound
from fairlead.domain.process import ProcessChoice
from fairlead.server.routing import page_router
from fairlead.server.web.gates import moment_of
from fairlead.server.web.plans import NO_PLAN, shown
from fairlead.server.web.visit import Posted, Visiting, Visitor
from fairlead.usecases import (
    defects,
    deployments,
    environments,
    foreseeing,
    projects,
    prompting,
    release_changes,
    releases,
    rolling_back,
    tenants,
)

router = page_router()

Text = Annotated[str, Query(max_length=128)]
OFFERED = 30
PROMPT = "prompt."
"""What the fields of answers begin with; the variable's name follows."""


@router.get("/projects/{project}/releases/{version}")
def show(visitor: Visiting, project: str, version: str, to: Text = "") -> Response:
    """One release: what is in it, where it is live, and what deploying it to an environment would bring."""
    context, actor = visitor.context, visitor.actor
    owner = projects.get(context, actor, project)
    found = releases.get(context, actor, owner.name, version)
    pending = releases.update_variables(context, actor, owner.name, found.release.id, is_preview=True)
    known = environments.all_of(context, actor)
    brought = release_changes.preview(context, actor, owner.name, found.release.id, to) if to else None
    values = {"project": owner, "view": found, "release": found.release, "changes": pending.changes}
    held = defects.of_release(context, actor, owner.name, found.release.id)
    more = {"environments": known, "brought": brought, "defects": held}
    return visitor.page("release.html", {**values, **more})


@router.post("/projects/{project}/releases/{version}/variables")
def update_variables(form: Posted, project: str, version: str) -> Response:
    """Freeze the variables as they are now."""
    visitor = form.visitor

    def work() -> str:
        done = releases.update_variables(visitor.context, visitor.actor, project, version)
        return f"{done.release.version} has the variables as they are now: {len(done.changes)} changed."

    return form.act(f"/projects/{quote(project)}/releases/{quote(version)}", work)


@router.get("/projects/{project}/deploy")
async def choose(
    visitor: Visiting, project: str, version: Text = "", environment: Text = "", tenant: Text = ""
) -> Response:
    """The form, and below it the plan of what was chosen."""
    values = await asyncio.to_thread(_offers, visitor, project, version, environment, tenant)
    found = await _preview(visitor, values["project"].name, values["version"], values["environment"], tenant)
    return await asyncio.to_thread(visitor.page, "deploy.html", {**values, **found})


def _offers(visitor: Visitor, project: str, version: str, environment: str, tenant: str) -> dict[str, Any]:
    context, actor = visitor.context, visitor.actor
    owner = projects.get(context, actor, project)
    recent = releases.page(context, actor, owner.name, limit=OFFERED).items
    offered = [one.release for one in recent if one.is_deployable]
    known = environments.all_of(context, actor)
    chosen = version or (offered[0].version if offered else "")
    place = environment or (known[0].name if known else "")
    asked = _questions(visitor, owner.name, chosen, place, tenant)
    return {
        "project": owner,
        "offered": offered,
        "questions": asked,
        "environments": known,
        "version": chosen,
        "environment": place,
        "tenant": tenant,
        "tenants": tenants.names(context, actor, project=owner.name) if owner.tenancy != "untenanted" else (),
    }


def _questions(
    visitor: Visitor, project: str, version: str, environment: str, tenant: str
) -> tuple[prompting.Question, ...]:
    """What it would ask for; nothing where the plan below says that it cannot be."""
    if not version or not environment:
        return ()
    try:
        return prompting.of_release(visitor.context, visitor.actor, project, version, environment, tenant=tenant)
    except NotFound:
        return ()


@router.post("/projects/{project}/deploy")
def deploy(form: Posted, project: str) -> Response:
    """Deploy it: queued, or waiting for an approval."""
    visitor = form.visitor
    version, environment, tenant = form.text("version"), form.text("environment"), form.text("tenant")
    chosen = {"version": version, "environment": environment} | ({"tenant": tenant} if tenant else {})
    back = f"/projects/{quote(project)}/deploy?{urlencode(chosen)}"
    prompted = {
        name.removeprefix(PROMPT): _text(value) for name, value in form.fields.items() if name.startswith(PROMPT)
    }
    is_otherwise = bool(form.text("accessories") or form.text("skip") or prompted)

    def work() -> tuple[str, str]:
        made = deployments.create(
            visitor.context,
            visitor.actor,
            project,
            version,
            environment,
            is_forced=form.is_ticked("force"),
            recreate_accessories=form.text("accessories").replace(",", " ").split(),
            choice=ProcessChoice(tuple(filter(None, map(str.strip, form.text("skip").splitlines())))),
            plan_hash="" if is_otherwise else form.text("plan_hash"),
            prompted=prompted,
            not_before=moment_of(form, "at", "UTC"),
            not_after=moment_of(form, "not_after", "UTC"),
            override_freeze=form.text("override_freeze"),
            tenant=tenant,
        )
        return _asked(made)

    return form.act(back, work)


def _text(value: str) -> str:
    return value.replace("\r\n", "\n")


@router.post("/projects/{project}/rollback")
def roll_back(form: Posted, project: str) -> Response:
    """Back to the release that was live before, or to a named one."""
    visitor = form.visitor
    environment, tenant = form.text("environment"), form.text("tenant")

    def work() -> tuple[str, str]:
        to = form.text("to")
        made = rolling_back.roll_back(visitor.context, visitor.actor, project, environment, to=to, tenant=tenant)
        return _asked(made)

    asked = f"?{urlencode({'tenant': tenant})}" if tenant else ""
    return form.act(f"/projects/{quote(project)}/environments/{quote(environment)}{asked}", work)


def _asked(made: deployments.DeploymentView) -> tuple[str, str]:
    what = f"{made.project} {made.version} to {made.where}"
    one = made.deployment
    begins = f"{what} begins at {one.not_before}." if one.state is DeploymentState.SCHEDULED else f"{what} is queued."
    waits = one.state is DeploymentState.WAITING
    return (f"{what} waits for an approval." if waits else begins, f"/deployments/{made.deployment.id}")


async def _preview(visitor: Visitor, project: str, version: str, environment: str, tenant: str) -> Mapping[str, Any]:
    if not version or not environment:
        return NO_PLAN
    server = visitor.server
    return await shown(
        foreseeing.preview(visitor.context, visitor.actor, server.outside, project, version, environment, tenant=tenant)
    )
