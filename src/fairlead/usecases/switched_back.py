"""Users were sent to the other slot by another hand than ours: the books follow, and nothing is switched forward."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from fairlead.domain.actor import SYSTEM
from fairlead.domain.colour import Colour
from fairlead.domain.deployment import Deployment, DeploymentOutcome, DeploymentState
from fairlead.domain.ids import DeploymentId, ReleaseId, TaskId
from fairlead.domain.naming import route_name
from fairlead.domain.slot import Slot, SlotState
from fairlead.ports.catalogue import Catalogue, Place
from fairlead.ports.container_engine import ContainerEngine
from fairlead.ports.proxy import Endpoint, Proxy
from fairlead.store import deployments, environments, projects, routes, slots, tasks, tenants
from fairlead.store.database import Connection
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


async def follow(
    context: Context, outside: Outside, place: Place, colour: Colour, *, by: str = "", at: datetime | None = None
) -> bool:
    """The slot that stood by is recorded as live, where a route points at it and all in it runs; whether it is so.

    Where only some of its routes were sent there, the others follow: who began that meant the release, and nobody is
    sent forward again to the one that was left. `at` is when it was done, by this machine's clock; None: not known.
    False leaves everything as it was: another slot than a standby is nothing that anybody may be sent to; and where
    nobody says to have done it (`by`), a task that has begun at the place meanwhile points for itself.
    """
    if not by and await context.database.read(lambda connection: tasks.holder(connection, place) is not None):
        return False
    both = await context.database.read(lambda connection: slots.of(connection, place))
    if both[colour].state is SlotState.LIVE:
        return True
    if both[colour].state is not SlotState.STANDBY or both[colour.other].state is not SlotState.LIVE:
        return False
    held = await context.database.read(lambda connection: _routes(connection, place))
    left = {name: service for name, service in held.items() if await outside.proxy.live(name) is not colour}
    standing = await outside.catalogue.find(place, colour=colour)
    if (held and len(left) == len(held)) or not set(left.values()) <= {one.service for one in standing}:
        return False
    for one in standing:
        container = await outside.container_engine.container(one.container)
        if container is None or container.state != "running":
            return False
    for name, service in left.items():
        its = [one for one in standing if one.service == service]
        await outside.proxy.fill(name, colour, [Endpoint(one.instance, one.address, one.port) for one in its])
    if held:
        await outside.proxy.point(dict.fromkeys(held, colour))
    back = _Back(both[colour], by, at, tuple(left))
    return await context.database.write(lambda connection: _record(context, connection, place, back), is_durable=True)


async def standing_elsewhere(context: Context, outside: Outside) -> Sequence[tuple[Place, Colour]]:
    """Places without a task where users of a route are sent to the slot that stands by, whoever pointed them there:
    somebody who pasted commands leaves no note."""
    found = await context.database.read(lambda connection: tuple(_standing_by(connection)))
    there = []
    for place, colour, names in found:
        if any([await outside.proxy.live(name) is colour for name in names]):
            there.append((place, colour))
    return there


def _standing_by(connection: Connection) -> Iterator[tuple[Place, Colour, Collection[str]]]:
    """Each place with a slot that stands by, and its routes."""
    taken = tasks.held_tags(connection)
    for place, both in slots.recorded(connection).items():
        colour = next((colour for colour, slot in both.items() if slot.state is SlotState.STANDBY), None)
        if colour is None or place.tag in taken:
            continue
        yield place, colour, _routes(connection, place)


def _routes(connection: Connection, place: Place) -> dict[str, str]:
    """The service behind each route, by the route's name."""
    return {
        route_name(place.project, place.environment, route.host, route.path, tenant=place.tenant): service
        for service, its in routes.of(connection, place).items()
        for route in its
    }


@dataclass(frozen=True, slots=True)
class _Back:
    """What somebody did: to which slot, who, when, and which routes were not sent there."""

    slot: Slot
    by: str
    at: datetime | None
    left: Sequence[str]

    @property
    def reason(self) -> str:
        """In words."""
        said = f"{self.by or 'somebody'} sent users back to {self.slot.version} without the server"
        if self.at:
            said += f" at {self.at:%Y-%m-%d %H:%M:%S} UTC"
        if self.left:
            said += f"; {len(self.left)} of its routes had been left, and followed"
        return said


def _record(context: Context, connection: Connection, place: Place, back: _Back) -> bool:
    if not back.by and tasks.holder(connection, place) is not None:
        return False
    slot, now = back.slot, context.clock.now()
    slots.make_live(connection, place, slot.colour)
    slots.stand_by(connection, place, slot.colour.other, now + LEFT_STANDS_FOR)
    project = projects.by_name(connection, place.project)
    environment = environments.by_name(connection, place.environment)
    tenant = tenants.find_by_name(connection, place.tenant) if place.tenant else None
    before = deployments.get(connection, slot.deployment)
    done_at = min(now, back.at or now)
    made = Deployment(
        DeploymentId(context.ids.new("dep")),
        deployments.next_number(connection, project.id, environment.id),
        project.id,
        ReleaseId(slot.release),
        environment.id,
        done_at,
        tenant=tenant.id if tenant else None,
        kind="rollback",
        state=DeploymentState.ENDED,
        outcome=DeploymentOutcome.LIVE,
        variables=before.variables,
        colour=slot.colour,
        created_by=back.by or "somebody",
        is_forced=True,
        committed_at=done_at,
        ended_at=done_at,
        switched=True,
        reason=back.reason,
    )
    deployments.insert(connection, replace(made, plan_hash=before.plan_hash))
    _note(context, connection, place, f"{back.reason}: recorded as live", thing=made.id)
    return True


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
