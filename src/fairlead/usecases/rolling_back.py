"""Going back to a release that was live before, with the variables that it had then."""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.domain.actor import Actor
from fairlead.domain.deployment import Deployment
from fairlead.domain.errors import Conflict
from fairlead.domain.ids import ReleaseId
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.ports.catalogue import Place
from fairlead.store import deployments, processes, releases, slots
from fairlead.store.database import Connection
from fairlead.usecases import planning
from fairlead.usecases.context import Context
from fairlead.usecases.deployments import DeploymentView, Wish, ask, views
from fairlead.usecases.located import located


def roll_back(
    context: Context,
    actor: Actor,
    project: str,
    environment: str,
    *,
    to: str = "",
    override_freeze: str = "",
    tenant: str = "",
) -> DeploymentView:
    """Back to the release that was live before this one, or to a named one that was live there; with the variables it
    had then, and for the same tenant. Conflict `deployment.no_way_back` where there is none."""
    actor.require_somewhere(Permission.DEPLOYMENT_CREATE)
    with context.database.transaction() as connection:
        there = located(connection, project, environment, tenant)
        there.require(actor, Permission.DEPLOYMENT_CREATE)
        history = deployments.live_ones(connection, there.project.id, there.environment.id, tenant=there.scope)
        target = _way_back(connection, there.project, there.place, history, to)
        release = releases.get(connection, target.release)
        wish = Wish(
            there.project,
            there.environment,
            release,
            kind="rollback",
            is_forced=True,
            variables=target.variables,
            freeze_override=override_freeze,
            tenant=there.tenant,
        )
        made = ask(context, connection, actor, wish)
        view = views(connection, [made])[0]
    context.durable.wake()
    return view


def _way_back(
    connection: Connection, project: Project, place: Place, history: Sequence[Deployment], to: str
) -> Deployment:
    if not history:
        raise Conflict(
            "deployment.no_way_back", f"nothing of {project.name} was ever live in {place.shown}", thing=place.where
        )
    wanted: ReleaseId | None = planning.release_named(connection, project, to).id if to else None
    now = _now(connection, place, history[0])
    for earlier in history:
        if earlier.release == wanted or (wanted is None and earlier.release != now):
            return earlier
    which = f"{to} was never live there" if to else "no other release was live there before"
    raise Conflict(
        "deployment.no_way_back", f"{project.name} cannot go back in {place.shown}: {which}", thing=place.where
    )


def _now(connection: Connection, place: Place, last: Deployment) -> str | None:
    """The release that is there: the live slot's, or what went there `last` where its process deploys no services;
    None where what was live was ended."""
    release = releases.get(connection, last.release)
    if release.process and not processes.snapshot(connection, release.process).deploys_services:
        return release.id
    live = slots.live(connection, place)
    return live.release if live is not None else None
