"""The state of a place as engine, proxy, catalogue and our own books tell it: taken before and after."""

from __future__ import annotations

from typing import cast

from fairlead.domain.capture import (
    Capture,
    ContainerState,
    NetworkState,
    RegisteredState,
    RoutedState,
    SlotRecord,
)
from fairlead.domain.naming import PlaceNames, route_prefix
from fairlead.domain.record import Json, canonical
from fairlead.ports.catalogue import Catalogue, Place
from fairlead.ports.container_engine import LABEL_KIND, Container, ContainerEngine, Network, labels_of
from fairlead.ports.proxy import Proxy, RouteState
from fairlead.ports.records import Records
from fairlead.ports.secrets import Secrets
from fairlead.steps.blueprint import KIND_ONE_OFF, KIND_STEP_CONTAINER, KIND_STEP_NETWORK
from fairlead.steps.effects.basis import side_by_side

NO_ADDRESS = ("", "0.0.0.0")
"""A server slot that is not filled."""
NOT_CAPTURED = frozenset({KIND_ONE_OFF, KIND_STEP_CONTAINER, KIND_STEP_NETWORK})
"""What a person's command runs in; and what steps of a process leave running: they change it before and after the
services are captured, each takes back what it did by itself, and it may come to an end of its own."""


async def capture(
    place: Place,
    *,
    container_engine: ContainerEngine,
    proxy: Proxy,
    catalogue: Catalogue,
    records: Records,
    secrets: Secrets,
) -> Capture:
    """All that is the place's, and nothing of others. No secret is in it. A volume without a name of ours (an anonymous
    one, or that of files under a read-only root) is its container's, and goes with it."""
    ours = labels_of(place)
    named = PlaceNames(place.project, place.environment, place.tenant).volume("")
    async with side_by_side() as group:
        containers = group.create_task(container_engine.containers(ours))
        networks = group.create_task(container_engine.networks(ours))
        volumes = group.create_task(container_engine.volumes(ours))
        registrations = group.create_task(catalogue.find(place))
        slots = group.create_task(records.slots(place))
        routes = group.create_task(_routes(place, proxy))
    return Capture(
        containers={
            one.name: _container(one, secrets) for one in containers.result() if _kind(one) not in NOT_CAPTURED
        },
        networks={
            one.name: NetworkState(one.id, one.subnets) for one in networks.result() if _kind(one) not in NOT_CAPTURED
        },
        volumes=tuple(sorted(one.name for one in volumes.result() if one.name.startswith(named))),
        registrations={
            one.instance: RegisteredState(one.service, one.colour.value, one.address, one.port)
            for one in registrations.result()
        },
        routes=routes.result(),
        slots={
            colour.value: SlotRecord(slot.state.value, slot.deployment, slot.release, slot.network)
            for colour, slot in slots.result().items()
        },
    )


def _kind(one: Container | Network) -> str:
    return one.labels.get(LABEL_KIND, "")


async def routes_of(place: Place, proxy: Proxy) -> tuple[RouteState, ...]:
    """Every route of the place as the running proxy tells it."""
    prefix = route_prefix(place.project, place.environment, tenant=place.tenant)
    states = [await proxy.read_back(spec.name) for spec in await proxy.routes() if spec.name.startswith(prefix)]
    return tuple(state for state in states if state is not None)


async def _routes(place: Place, proxy: Proxy) -> dict[str, RoutedState]:
    return {state.spec.name: _route(state) for state in await routes_of(place, proxy)}


def _container(container: Container, secrets: Secrets) -> ContainerState:
    configuration = canonical(cast("Json", dict(container.configuration)))
    return ContainerState(
        id=container.id,
        configuration=secrets.keyed_hash(configuration),
        is_running=container.state == "running",
        started_at=container.started_at,
    )


def _route(state: RouteState) -> RoutedState:
    servers = sorted(
        f"{colour.value} {server.address}:{server.port}{'' if server.is_ready else ' (not ready)'}"
        for colour, held in state.servers.items()
        for server in held
        if server.address not in NO_ADDRESS
    )
    live = "" if state.live is None else state.live.value
    return RoutedState(state.spec.host, state.spec.path, state.spec.tls, live, tuple(servers))
