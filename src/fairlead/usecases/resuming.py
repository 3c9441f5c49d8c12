"""Whether a task that is held since a backup was put back may be taken up: never where that would move users off what
the books do not know."""

from __future__ import annotations

from collections.abc import Collection

from fairlead.domain.errors import Conflict
from fairlead.domain.slot import Slot
from fairlead.domain.task import Task
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import (
    LABEL_DEPLOYMENT,
    LABEL_INSTANCE,
    LABEL_KIND,
    ContainerEngine,
    labels_of,
)
from fairlead.ports.proxy import Proxy
from fairlead.steps.blueprint import KIND_INSTANCE, read_facts
from fairlead.steps.capturing import routes_of
from fairlead.store import deployments, slots, tasks
from fairlead.store.database import Connection
from fairlead.usecases import restored
from fairlead.usecases.context import Context
from fairlead.usecases.running import adopting


async def require_safe(context: Context, container_engine: ContainerEngine, proxy: Proxy, id: str) -> None:
    """Conflict `slot.changed` where users reach a deployment that is neither the recorded one nor this one, or this one
    while nothing is left of the recorded one, to which they would be sent back. Nothing is asked of any other task."""
    asked = await context.database.read(lambda connection: _asked(connection, id))
    if asked is None:
        return
    task, own, live = asked
    place = tasks.place_of(task)
    standing = await container_engine.containers({**labels_of(place), LABEL_KIND: KIND_INSTANCE})
    made_by = {
        read_facts(one.labels.get(LABEL_INSTANCE, "")).address: one.labels.get(LABEL_DEPLOYMENT, "") for one in standing
    }
    reached = {
        made_by.get(server.address, "")
        for route in await routes_of(place, proxy)
        for server in (route.servers.get(route.live, ()) if route.live else ())
        if server.is_ready
    }
    if reached - {own, live.deployment if live else own}:
        raise _elsewhere(place, task, "users reach what was deployed since")
    if own in reached and not _stands(live, made_by.values()):
        raise _elsewhere(place, task, "users reach its own release, and nothing is left of the one before")


def _asked(connection: Connection, id: str) -> tuple[Task, str, Slot | None] | None:
    """The held task, its deployment, and what the books call live; None where there is nothing to look for."""
    task = tasks.find(connection, id)
    if task is None or not restored.is_held(connection, task):
        return None
    deployment = deployments.of_task(connection, task.id)
    if deployment is None or deployment.committed_at is not None:
        return None
    return task, deployment.id, slots.live(connection, tasks.place_of(task))


def _stands(live: Slot | None, made_by: Collection[str]) -> bool:
    return live is not None and live.deployment in made_by


def _elsewhere(place: Place, task: Task, why: str) -> Conflict:
    return Conflict(
        "slot.changed",
        f"{task.title} is not taken up: {why}, and to undo it would take them away",
        thing=task.id,
        hint=f"{adopting(place)} lets the books take over what users reach, and ends this",
    )
