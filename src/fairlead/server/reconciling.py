"""At a start, and when the proxy was restarted: what our books say is live is what the proxy points at.

The proxy starts from its own files, which agree with what was set at run time; a loss of power may have taken the last
seconds of them, and somebody may have removed them. Nothing is touched where a task is under way: it looks for itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from fairlead.domain.colour import Colour
from fairlead.domain.errors import FairleadError
from fairlead.domain.naming import route_name
from fairlead.domain.slot import SlotState
from fairlead.ports.catalogue import Place
from fairlead.ports.container_engine import labels_of
from fairlead.ports.proxy import Endpoint, RouteSpec
from fairlead.server.bootstrap import Server
from fairlead.store import certificates, routes, slots, tasks
from fairlead.store.database import Connection
from fairlead.usecases import certificates as giving
from fairlead.usecases import standing

log = structlog.get_logger("fairlead.server")


@dataclass(frozen=True, slots=True)
class _Live:
    """A route as our books have it."""

    place: Place
    service: str
    spec: RouteSpec
    colour: Colour
    deployment: str


async def reconcile(server: Server) -> int:
    """Certificates and routes are at the proxy as recorded; how many had to be mended."""
    mended = 0
    for certificate in await server.context.database.read(certificates.all_of):
        pem = await asyncio.to_thread(giving.pem_of, server.context, certificate)
        await server.proxy.ensure_certificate(certificate.host, pem)
    for live in await server.context.database.read(lambda connection: tuple(_recorded(connection))):
        try:
            mended += await _mend(server, live)
        except FairleadError as error:
            log.error("route.not_mended", route=live.spec.name, code=error.code, reason=str(error))
    return mended


async def _mend(server: Server, live: _Live) -> bool:
    name = live.spec.name
    held = await server.proxy.read_back(name)
    if held is not None and held.live is live.colour and any(one.is_ready for one in held.servers.get(live.colour, ())):
        return False
    if not await server.context.database.read(lambda connection: _is_so(connection, live)):
        return False  # a large house takes a while to look through, and something moved here meanwhile
    endpoints = await _standing(server, live)
    if not endpoints:
        log.error("route.not_mended", route=name, reason="what our books call live does not run", colour=live.colour)
        there = await server.container_engine.running(labels_of(live.place))
        await asyncio.to_thread(standing.tell_not_running, server.context, live.place, there)
        return False
    await server.proxy.ensure_route(live.spec)
    await server.proxy.fill(name, live.colour, endpoints)
    await server.proxy.point({name: live.colour})
    log.warning("route.mended", route=name, was=held.live if held else None, now=live.colour)
    return True


def _is_so(connection: Connection, live: _Live) -> bool:
    slot = slots.live(connection, live.place)
    is_same = slot is not None and (slot.colour, slot.deployment) == (live.colour, live.deployment)
    return is_same and tasks.holder(connection, live.place) is None


async def _standing(server: Server, live: _Live) -> tuple[Endpoint, ...]:
    """Where the live deployment's instances of the service are, if one of them runs: users are never sent to what does
    not (a restored backup may be old). Those that somebody removed are left out: their addresses may be others' now."""
    found = await server.catalogue.find(live.place, colour=live.colour, service=live.service)
    ours = [one for one in found if one.deployment == live.deployment]
    held = [(one, await server.container_engine.container(one.container)) for one in ours]
    there = [(one, container) for one, container in held if container is not None]
    if not any(container.state == "running" for _, container in there):
        return ()
    return tuple(Endpoint(one.instance, one.address, one.port) for one, _ in there)


def _recorded(connection: Connection) -> Iterator[_Live]:
    """What is looked at one by one is read at once: a large house has ten thousand places."""
    recorded, taken = slots.recorded(connection), tasks.held_tags(connection)
    for place, by_service in routes.all_by_place(connection).items():
        both = recorded.get(place, {})
        slot = next((slot for slot in both.values() if slot.state is SlotState.LIVE), None)
        if slot is None or place.tag in taken:
            continue
        for service, its in by_service.items():
            for route in its:
                name = route_name(place.project, place.environment, route.host, route.path, tenant=place.tenant)
                spec = RouteSpec(name, route.host, route.path, tls=route.tls, redirect_http=route.redirect_http)
                yield _Live(place, service, spec, slot.colour, slot.deployment)
