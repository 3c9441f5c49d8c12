"""Users were sent to the other slot while there was no server: our books follow, and nothing is switched forward."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from fairlead.domain.actor import SYSTEM
from fairlead.domain.colour import Colour
from fairlead.domain.deployment import Deployment, DeploymentOutcome, DeploymentState
from fairlead.domain.ids import DeploymentId, ReleaseId, TaskId
from fairlead.domain.naming import route_name
from fairlead.domain.slot import Slot, SlotState
from fairlead.ports.catalogue import Catalogue, Place
from fairlead.ports.container_engine import ContainerEngine
from fairlead.ports.proxy import Proxy
from fairlead.store import deployments, environments, projects, routes, slots, tasks, tenants
from fairlead.store.database import Connection
from fairlead.store.schema import place_key
from fairlead.usecases.context import Context

LEFT_STANDS_FOR = timedelta(hours=1)
"""How long the release that was left is kept for looking at, before it is ended as any standby is."""


class Outside(Protocol):
    """What is asked before our books follow."""

    @property
    def proxy(self) -> Proxy: ...
    @property
    def catalogue(self) -> Catalogue: ...
    @property
    def container_engine(self) -> ContainerEngine: ...


def call_off(context: Context, place: Place, *, by: str) -> TaskId | None:
    """The task that is under way at the place is cancelled before it goes on: whoever switched back would not have it
    switch forward again. None where there is none, or where it is past its commit point: then it is carried forward,
    says that users are elsewhere, and stands unsettled until somebody decides."""
    with context.database.transaction() as connection:
        task = tasks.holder(connection, place)
        deployment = deployments.of_task(connection, task) if task else None
        if task is None or deployment is None:
            return None
        is_past = deployment.committed_at is not None
        if not is_past:
            tasks.ask_cancel(connection, task, by=by, at=context.clock.now())
        what = "is past its commit point and is not called off" if is_past else "is called off"
        _note(context, connection, place, f"{by} switched back without the server: {task} {what}", thing=task)
        return None if is_past else task


async def follow(context: Context, outside: Outside, place: Place, colour: Colour, *, by: str = "") -> bool:
    """The slot that stood by is recorded as live, where all routes point at it and all in it runs; whether it is so.

    False leaves everything as it was: another slot than a standby is nothing that anybody may be sent to.
    """
    both = await context.database.read(lambda connection: slots.of(connection, place))
    if both[colour].state is SlotState.LIVE:
        return True
    if both[colour].state is not SlotState.STANDBY or both[colour.other].state is not SlotState.LIVE:
        return False
    for route in await context.database.read(lambda connection: _route_names(connection, place)):
        if await outside.proxy.live(route) is not colour:
            return False
    for one in await outside.catalogue.find(place, colour=colour):
        container = await outside.container_engine.container(one.container)
        if container is None or container.state != "running":
            return False
    await context.database.write(
        lambda connection: _record(context, connection, place, both[colour], by), is_durable=True
    )
    return True


async def standing_elsewhere(context: Context, outside: Outside) -> Sequence[tuple[Place, Colour]]:
    """Places without a task where users are sent to the slot that stands by, whoever pointed them there: somebody who
    pasted commands leaves no note."""
    found = await context.database.read(lambda connection: tuple(_standing_by(connection)))
    return [(place, colour) for place, colour, route in found if await outside.proxy.live(route) is colour]


def _standing_by(connection: Connection) -> Iterator[tuple[Place, Colour, str]]:
    """Each place with a slot that stands by, and one of its routes."""
    taken = tasks.held_places(connection)
    for place, both in slots.recorded(connection).items():
        colour = next((colour for colour, slot in both.items() if slot.state is SlotState.STANDBY), None)
        if colour is None or place_key(place) in taken:
            continue
        for name in _route_names(connection, place)[:1]:
            yield place, colour, name


def _route_names(connection: Connection, place: Place) -> Sequence[str]:
    held = routes.of(connection, place).values()
    return [
        route_name(place.project, place.environment, route.host, route.path, tenant=place.tenant)
        for its in held
        for route in its
    ]


def _record(context: Context, connection: Connection, place: Place, slot: Slot, by: str) -> None:
    now = context.clock.now()
    slots.make_live(connection, place, slot.colour)
    slots.stand_by(connection, place, slot.colour.other, now + LEFT_STANDS_FOR)
    project = projects.by_name(connection, place.project)
    environment = environments.by_name(connection, place.environment)
    tenant = tenants.find_by_name(connection, place.tenant) if place.tenant else None
    who = by or "somebody"
    reason = f"{who} sent users back to {slot.version} without the server"
    before = deployments.get(connection, slot.deployment)
    made = Deployment(
        DeploymentId(context.ids.new("dep")),
        deployments.next_number(connection, project.id, environment.id),
        project.id,
        ReleaseId(slot.release),
        environment.id,
        now,
        tenant=tenant.id if tenant else None,
        kind="rollback",
        state=DeploymentState.ENDED,
        outcome=DeploymentOutcome.LIVE,
        variables=before.variables,
        colour=slot.colour,
        created_by=who,
        is_forced=True,
        committed_at=now,
        ended_at=now,
        switched=True,
        reason=reason,
    )
    deployments.insert(connection, replace(made, plan_hash=before.plan_hash))
    _note(context, connection, place, f"{reason}: recorded as live", thing=made.id)


def _note(context: Context, connection: Connection, place: Place, message: str, *, thing: str) -> None:
    kind = "environment.switched_back"
    context.note(
        connection,
        SYSTEM,
        kind,
        message,
        thing=thing,
        project=place.project,
        environment=place.environment,
        tenant=place.tenant,
    )
