"""A project in an environment: ending what is live there, and what it no longer needs."""

from __future__ import annotations

import json

from fairlead.domain.actor import Actor
from fairlead.domain.environment import Environment
from fairlead.domain.errors import Conflict, NotFound
from fairlead.domain.ids import DeploymentId, TaskId
from fairlead.domain.permission import Permission
from fairlead.domain.project import Project
from fairlead.domain.record import from_data
from fairlead.domain.service import Route
from fairlead.domain.slot import SlotState
from fairlead.domain.task import Task
from fairlead.domain.tenant import Tenant
from fairlead.ports.catalogue import Place
from fairlead.store import deployments, environments, projects, routes, slots, subnets, tasks
from fairlead.store.database import Connection
from fairlead.usecases import tenancy, turns
from fairlead.usecases.context import Context
from fairlead.usecases.left_on_targets import hosts_of_steps

ACCESSORIES = "accessories"
"""The input of a retirement's task that says whether accessories go, too."""


def retire(
    context: Context, actor: Actor, project: str, environment: str, *, accessories: bool = False, tenant: str = ""
) -> Task:
    """A task that ends what is live and what stands by, and gives the routes back; volumes stay.

    Conflict `place.empty` where nothing stands there (with `accessories` the engine alone can tell).
    """
    actor.require_somewhere(Permission.PROJECT_EDIT)
    with context.database.transaction() as connection:
        owner = projects.by_name_or_id(connection, project)
        actor.require(Permission.PROJECT_EDIT, project=owner.id)
        where = environments.by_name_or_id(connection, environment)
        whose = tenancy.named(connection, tenant)
        place = Place(owner.name, where.name, whose.name if whose else None)
        _refuse_nothing(connection, place, is_whole=accessories)
        task = Task(
            TaskId(context.ids.new("tsk")),
            "retirement",
            f"end {owner.name} in {place.shown}",
            context.clock.now(),
            project=owner.name,
            environment=where.name,
            tenant=place.tenant,
            input={ACCESSORIES: accessories},
            created_by=actor.name,
        )
        turns.queue(context, connection, task)
        what = f"asked to end {owner.name} in {place.shown}" + (", accessories too" if accessories else "")
        context.note(
            connection,
            actor,
            "place.retire_asked",
            what,
            thing=task.id,
            project=owner.name,
            environment=where.name,
            tenant=place.tenant,
        )
    context.durable.wake()
    return task


def give_back(
    context: Context, connection: Connection, project: Project, environment: Environment, tenant: Tenant | None = None
) -> None:
    """Routes that neither what is live there nor what is to be deployed there needs are free for others (law 7 has
    them claimed before a deployment). Nothing where an intention was not kept."""
    place = Place(project.name, environment.name, tenant.name if tenant else None)
    whose = deployments.of_tenant(tenant.id if tenant else None)
    needed = list(deployments.active(connection, whose, project=project.id, environment=environment.id))
    live = slots.live(connection, place)
    if live is not None:
        found = deployments.find(connection, live.deployment)
        if found is None:
            return
        needed.append(found)
    try:
        kept = [route for one in needed for route in _routes_of(context, one.plan_hash)]
    except NotFound:
        return
    routes.keep_only(connection, place, kept)


def retired(context: Context, connection: Connection, task: Task) -> None:
    """In the transaction in which a retirement ended well: routes and networks are free again."""
    place = tasks.place_of(task)
    project = projects.by_name(connection, task.project)
    environment = environments.by_name(connection, task.environment)
    give_back(context, connection, project, environment, tenancy.named(connection, task.tenant or ""))
    for purpose in ("blue", "green", *(("environment",) if task.input.get(ACCESSORIES) else ())):
        subnets.release_subnet(connection, place, purpose)


def hosts_left(connection: Connection, task: Task) -> dict[str, str]:
    """On which targets (id → name) a retirement has to look for what steps left running."""
    owner = projects.by_name(connection, task.project)
    return hosts_of_steps(connection, owner, environments.by_name(connection, task.environment))


def live_deployment(connection: Connection, place: Place) -> DeploymentId | None:
    """The deployment that made what is live there; None where nothing is."""
    live = slots.live(connection, place)
    return DeploymentId(live.deployment) if live is not None else None


def _routes_of(context: Context, plan_hash: str) -> list[Route]:
    """The routes in an intention that was kept under its hash (`planning.remember`)."""
    intention = json.loads(context.artifacts.content(f"sha256:{plan_hash}"))
    services = intention.get("definition", {}).get("services", [])
    return [route for service in services for route in from_data(tuple[Route, ...], service.get("routes", []))]


def _refuse_nothing(connection: Connection, place: Place, *, is_whole: bool) -> None:
    stands = any(slot.state is not SlotState.EMPTY for slot in slots.of(connection, place).values())
    if not stands and not is_whole:
        raise Conflict(
            "place.empty",
            f"nothing of {place.project} stands in {place.shown}",
            thing=f"{place.project}/{place.where}",
            hint="accessories are ended only where that is asked for, too",
        )
