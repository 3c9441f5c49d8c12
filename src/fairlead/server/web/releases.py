"""A release: what is in it, and the way back to an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import Query
from starlette.responses import Response

from fairlead.domain.environment import Environment
from fairlead.domain.project import Tenancy
from fairlead.server.routing import page_router
from fairlead.server.web.deploying import asked_words
from fairlead.server.web.visit import Posted, Visiting
from fairlead.usecases import (
    defects,
    deployments,
    environments,
    projects,
    release_changes,
    releases,
    rolling_back,
    tenants,
)
from fairlead.usecases.deployments import DeploymentView

router = page_router()

MOST_WENT = 100
"""Deployments of a release that are looked through, the newest first; a list leads to all."""
Text = Annotated[str, Query(max_length=128)]


@router.get("/projects/{project}/releases/{version}")
def show(visitor: Visiting, project: str, version: str, to: Text = "", tenant: Text = "") -> Response:
    """One release: what is in it, where it is live, and what deploying it to an environment (for a tenant) would
    bring."""
    context, actor = visitor.context, visitor.actor
    owner = projects.get(context, actor, project)
    found = releases.get(context, actor, owner.name, version)
    pending = releases.update_variables(context, actor, owner.name, found.release.id, is_preview=True)
    known = environments.all_of(context, actor)
    id, is_tenanted = found.release.id, owner.tenancy is not Tenancy.UNTENANTED
    brought = release_changes.preview(context, actor, owner.name, id, to, tenant=tenant) if to else None
    whose = tenants.names(context, actor, project=owner.name) if brought and is_tenanted else ()
    values = {
        "project": owner,
        "view": found,
        "release": found.release,
        "changes": pending.changes,
        "hidden": pending.hidden,
    }
    held = defects.of_release(context, actor, owner.name, found.release.id)
    went = deployments.page(context, actor, project=owner, version=found.release.version, limit=MOST_WENT).items
    more = {"environments": known, "brought": brought, "defects": held, "tenants": whose, "tenant": tenant}
    return visitor.page("release.html", {**values, **more, "stands": stands(known, went)})


def stands(
    places: Sequence[Environment], went: Sequence[DeploymentView]
) -> list[tuple[Environment, Sequence[DeploymentView]]]:
    """Each environment in its order, with the newest deployment there for nobody in particular and for each tenant."""
    newest: dict[tuple[str, str | None], DeploymentView] = {}
    for view in went:
        newest.setdefault((view.deployment.environment, view.deployment.tenant), view)
    return [(place, [view for (its, _), view in newest.items() if its == place.id]) for place in places]


@router.post("/projects/{project}/releases/{version}/variables")
def update_variables(form: Posted, project: str, version: str) -> Response:
    """Freeze the variables as they are now."""
    visitor = form.visitor

    def work() -> str:
        done = releases.update_variables(visitor.context, visitor.actor, project, version)
        return f"{done.release.version} has the variables as they are now: {len(done.changes) + done.hidden} changed."

    return form.act(f"/projects/{quote(project)}/releases/{quote(version)}", work)


@router.post("/projects/{project}/rollback")
def roll_back(form: Posted, project: str) -> Response:
    """Back to the release that was live before, or to a named one."""
    visitor = form.visitor
    environment, tenant = form.text("environment"), form.text("tenant")

    def work() -> tuple[str, str]:
        to = form.text("to")
        made = rolling_back.roll_back(visitor.context, visitor.actor, project, environment, to=to, tenant=tenant)
        return asked_words(made)

    asked = f"?{urlencode({'tenant': tenant})}" if tenant else ""
    return form.act(f"/projects/{quote(project)}/environments/{quote(environment)}{asked}", work)
