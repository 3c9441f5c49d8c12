"""A release, and deploying one: which, where, and what it would do, before it does it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Query
from starlette.responses import Response

from fairlead.domain.deployment import DeploymentState
from fairlead.domain.errors import NotFound
from fairlead.domain.process import ProcessChoice
from fairlead.domain.prompt import Control
from fairlead.server.routing import page_router
from fairlead.server.web.gates import moment_of
from fairlead.server.web.plans import NO_PLAN, shown
from fairlead.server.web.visit import Form, Posted, Visiting, Visitor
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
    found = await _preview(visitor, values, _Chosen())
    return await asyncio.to_thread(visitor.page, "deploy.html", {**values, **found})


@router.post("/projects/{project}/deploy/plan")
async def plan(form: Posted, project: str) -> Response:
    """The same page, its plan made with what the form answers and chooses; nothing is changed. Answers come by POST:
    they may be secret."""
    visitor, chosen = form.visitor, _chosen(form)
    where = (form.text("version"), form.text("environment"), form.text("tenant"))
    values = await asyncio.to_thread(_offers, visitor, project, *where)
    looking = foreseeing.preview(
        visitor.context, visitor.actor, visitor.server.outside, *_where(values), **_as_chosen(values, chosen)
    )
    found = await shown(looking)
    again = {"questions": _with_answers(values["questions"], chosen.prompted), "chosen": chosen, "is_planned": True}
    return await asyncio.to_thread(visitor.page, "deploy.html", {**values, **found, **again})


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What the form of a deployment answers and chooses, beside what goes where. `prompted` None: nothing is said."""

    prompted: Mapping[str, str] | None = None
    accessories: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()

    @property
    def is_anything(self) -> bool:
        """Whether it differs from what the page's first plan goes by."""
        return bool(self.prompted or self.accessories or self.skip)


def _chosen(form: Form) -> _Chosen:
    named = {name.removeprefix(PROMPT): _text(value) for name, value in form.fields.items() if name.startswith(PROMPT)}
    accessories = form.text("accessories").replace(",", " ").split()
    return _Chosen(named, tuple(accessories), tuple(filter(None, map(str.strip, form.text("skip").splitlines()))))


def _with_answers(
    asked: Sequence[prompting.Question], prompted: Mapping[str, str] | None
) -> tuple[prompting.Question, ...]:
    """The questions as they were answered; a secret is shown to nobody, and has to be given again."""
    given = prompted or {}
    return tuple(
        one
        if one.prompt.control is Control.SENSITIVE or one.variable.name not in given
        else replace(one, variable=replace(one.variable, value=given[one.variable.name]))
        for one in asked
    )


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
        "chosen": _Chosen(),
        "is_planned": False,
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
    """Deploy it: queued, or waiting for an approval. A plan that was made with the form's answers binds; the page's
    first one only where nothing is answered or chosen."""
    visitor, wanted = form.visitor, _chosen(form)
    version, environment, tenant = form.text("version"), form.text("environment"), form.text("tenant")
    chosen = {"version": version, "environment": environment} | ({"tenant": tenant} if tenant else {})
    back = f"/projects/{quote(project)}/deploy?{urlencode(chosen)}"
    is_shown = form.is_ticked("planned") or not wanted.is_anything

    def work() -> tuple[str, str]:
        made = deployments.create(
            visitor.context,
            visitor.actor,
            project,
            version,
            environment,
            is_forced=form.is_ticked("force"),
            recreate_accessories=wanted.accessories,
            keep_failed_s=60.0 * (form.number("keep_failed") or 0),
            choice=ProcessChoice(wanted.skip),
            plan_hash=form.text("plan_hash") if is_shown else "",
            prompted=wanted.prompted,
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


async def _preview(visitor: Visitor, values: Mapping[str, Any], chosen: _Chosen) -> Mapping[str, Any]:
    if not values["version"] or not values["environment"]:
        return NO_PLAN
    context, actor, outside = visitor.context, visitor.actor, visitor.server.outside
    return await shown(foreseeing.preview(context, actor, outside, *_where(values), **_as_chosen(values, chosen)))


def _where(values: Mapping[str, Any]) -> tuple[str, str, str]:
    return values["project"].name, values["version"], values["environment"]


def _as_chosen(values: Mapping[str, Any], chosen: _Chosen) -> dict[str, Any]:
    return {
        "recreate_accessories": chosen.accessories,
        "choice": ProcessChoice(chosen.skip),
        "tenant": values["tenant"],
        "prompted": chosen.prompted,
    }
