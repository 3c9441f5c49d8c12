"""A way out where users are on a slot that our books do not call live: the books take over what the proxy says.

It happens after an old backup was put back: what was deployed since runs, users reach it, and the books do not know it.
A deployment refuses then (`binding.users_elsewhere`), since it would end what users reach. Adopting writes into our own
books only; nothing in the world is touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.domain.actor import Actor
from fairlead.domain.colour import Colour
from fairlead.domain.errors import Conflict
from fairlead.domain.permission import Permission
from fairlead.domain.service import Route
from fairlead.domain.slot import Slot, SlotState
from fairlead.ports.catalogue import Catalogue, Place, Registration
from fairlead.ports.container_engine import (
    LABEL_COLOUR,
    LABEL_DEPLOYMENT,
    LABEL_INSTANCE,
    LABEL_KIND,
    LABEL_RELEASE,
    LABEL_SERVICE,
    LABEL_VERSION,
    Container,
    ContainerEngine,
    labels_of,
)
from fairlead.ports.proxy import Proxy, RouteState
from fairlead.steps.blueprint import KIND_INSTANCE, KIND_SLOT_NETWORK, read_facts
from fairlead.steps.capturing import routes_of
from fairlead.store import environments, projects, routes, slots, tasks
from fairlead.store.database import Connection
from fairlead.usecases import restored, tenancy
from fairlead.usecases.context import Context
from fairlead.usecases.going import place_of


@dataclass(frozen=True, slots=True)
class Adoption:
    """What the books would say afterwards, and what they say now; `is_needed` is false where both are the same."""

    place: Place
    booked: Slot | None
    found: Slot
    routes: tuple[tuple[str, Route], ...]
    entries: tuple[Registration, ...]

    @property
    def is_needed(self) -> bool:
        """Whether the books say something else than the proxy."""
        return self.booked is None or (self.booked.colour, self.booked.deployment) != (
            self.found.colour,
            self.found.deployment,
        )


async def look(
    context: Context,
    actor: Actor,
    container_engine: ContainerEngine,
    proxy: Proxy,
    project: str,
    environment: str,
    *,
    tenant: str = "",
) -> Adoption:
    """What the proxy sends users to, as the engine tells it beside our books. Conflict `slot.changed` where the proxy
    sends them nowhere, to both slots, or to what carries no label of ours: that could not be adopted."""
    actor.require(Permission.SERVER_ADMINISTER)
    place, booked = await context.database.read(lambda connection: _booked(connection, project, environment, tenant))
    pointed = tuple(state for state in await routes_of(place, proxy) if _users_of(state))
    colours = {state.live for state in pointed if state.live is not None}
    if len(colours) != 1:
        said = "sends users to no instance" if not colours else "sends users to both slots"
        raise _nothing(place, f"the proxy {said} of {place.project} in {place.shown}")
    (colour,) = colours
    ours = labels_of(place)
    standing = await container_engine.containers({**ours, LABEL_COLOUR: colour.value, LABEL_KIND: KIND_INSTANCE})
    by_address = {read_facts(one.labels.get(LABEL_INSTANCE, "")).address: one for one in standing}
    reached = [by_address[address] for state in pointed for address in _users_of(state) if address in by_address]
    deployments = {one.labels.get(LABEL_DEPLOYMENT, "") for one in reached}
    if len(deployments) != 1:
        raise _nothing(place, "the instances that the proxy sends users to are not all of one deployment of ours")
    first = reached[0].labels
    labels = {**ours, LABEL_DEPLOYMENT: first[LABEL_DEPLOYMENT], LABEL_KIND: KIND_SLOT_NETWORK}
    network = next(iter(await container_engine.networks(labels)), None)
    found = Slot(
        colour,
        SlotState.LIVE,
        first[LABEL_DEPLOYMENT],
        first.get(LABEL_RELEASE, ""),
        first.get(LABEL_VERSION, ""),
        network.name if network else "",
        next(iter(network.subnets), "") if network else "",
    )
    entries = tuple(_entries(place, colour, [one for one in standing if _made_by(one) == found.deployment]))
    return Adoption(place, booked, found, tuple(_claims(pointed, by_address)), entries)


async def adopt(
    context: Context,
    actor: Actor,
    container_engine: ContainerEngine,
    proxy: Proxy,
    catalogue: Catalogue,
    project: str,
    environment: str,
    *,
    deployment: str,
    tenant: str = "",
) -> Adoption:
    """Let the books take over what the proxy says; `deployment` is the one that was shown. Conflict `slot.changed`
    where it is another by now, or where both agree already; `deployment.locked` while a task is under way there, but
    for one that is held since a backup was put back: that is let go (`restored`)."""
    actor.require(Permission.SERVER_ADMINISTER)
    seen = await look(context, actor, container_engine, proxy, project, environment, tenant=tenant)
    if not seen.is_needed:
        raise _nothing(seen.place, "our books and the proxy agree: there is nothing to adopt")
    if seen.found.deployment != deployment:
        raise _nothing(seen.place, f"users are on {seen.found.deployment} by now, not on {deployment[:80]}")
    await catalogue.register(seen.entries)
    await context.database.write(lambda connection: _write(context, connection, actor, seen))
    return seen


def _booked(connection: Connection, project: str, environment: str, tenant: str) -> tuple[Place, Slot | None]:
    owner = projects.by_name_or_id(connection, project)
    where, whose = environments.by_name_or_id(connection, environment), tenancy.named(connection, tenant)
    place = place_of(owner, where, whose)
    return place, slots.live(connection, place)


def _write(context: Context, connection: Connection, actor: Actor, seen: Adoption) -> None:
    place, found = seen.place, seen.found
    holder = tasks.holder(connection, place)
    held = tasks.get(connection, holder) if holder else None
    if held is not None and not restored.is_held(connection, held):
        where = f"{place.project} in {place.shown}"
        raise Conflict("deployment.locked", f"{where} is held by a task, {holder}", thing=where)
    other = slots.of(connection, place)[found.colour.other]
    if other.state is SlotState.LIVE:  # what stands of it is ended before the next deployment, like what was left over
        slots.put(connection, place, Slot(other.colour, SlotState.IDLE, other.deployment, other.release, other.version))
    slots.put(connection, place, found)
    for service, route in seen.routes:
        routes.claim(connection, place, service, [route], at=context.clock.now())
    was = f"{seen.booked.version} in {seen.booked.colour.value}" if seen.booked else "nothing"
    what = f"took over that {found.version} in {found.colour.value} is live; the books said {was}"
    context.note(
        connection,
        actor,
        "place.adopted",
        what,
        thing=found.deployment,
        project=place.project,
        environment=place.environment,
        tenant=place.tenant,
    )
    if held is not None:
        reason = f"{actor.name} let the books take over what users reach, {found.version} in {found.colour.value}"
        restored.let_go(context, connection, held, reason)


def _users_of(state: RouteState) -> tuple[str, ...]:
    """The addresses that a route sends users to."""
    return tuple(one.address for one in state.servers.get(state.live, ()) if one.is_ready) if state.live else ()


def _made_by(container: Container) -> str:
    return container.labels.get(LABEL_DEPLOYMENT, "")


def _entries(place: Place, colour: Colour, standing: Sequence[Container]) -> list[Registration]:
    made = []
    for one in standing:
        facts, service = read_facts(one.labels.get(LABEL_INSTANCE, "")), one.labels.get(LABEL_SERVICE, "")
        if facts.port:
            where = (facts.address, facts.port)
            made.append(Registration(place, colour, service, one.name, *where, _made_by(one), one.id))
    return made


def _claims(pointed: Sequence[RouteState], by_address: dict[str, Container]) -> list[tuple[str, Route]]:
    claims = []
    for state in pointed:
        container = next((by_address[address] for address in _users_of(state) if address in by_address), None)
        if container is not None:
            spec = state.spec
            route = Route(spec.host, spec.path, spec.tls, spec.redirect_http)
            claims.append((container.labels.get(LABEL_SERVICE, ""), route))
    return claims


def _nothing(place: Place, message: str) -> Conflict:
    return Conflict("slot.changed", message, thing=f"{place.project}/{place.where}", hint="nothing was changed")
