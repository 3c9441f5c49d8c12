"""What a switch would tell HAProxy, command for command, before it does; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fairlead.adapters.proxies import haproxy_slots
from fairlead.adapters.proxies.haproxy_answers import EMPTY_ADDRESS, EMPTY_PORT, RunningServer
from fairlead.adapters.proxies.haproxy_books import Books, MapEntry, map_text, route_key
from fairlead.domain.colour import Colour
from fairlead.ports.proxy import Endpoint, Rehearsal, RouteSpec

NO_BACKEND = "<no spare backend>"
GENERATION = "<n>"
"""The number of the map's new generation, which the proxy gives when it is asked to prepare one."""


def rehearsed(
    books: Books,
    running: Mapping[str, Sequence[RunningServer]],
    wanted: Mapping[RouteSpec, Sequence[Endpoint]],
    colour: Colour,
    path: str,
) -> Rehearsal:
    """`running` holds the servers of each backend that a route of `wanted` has; `path` is the map's."""
    spare = books.spare_backends()
    fill: list[str] = []
    leave: list[str] = []
    routed = dict(books.routed)
    for spec, endpoints in wanted.items():
        holding = books.holdings.get(spec.name)
        backend = holding.claims[colour].backend if holding else next(spare, NO_BACKEND)
        servers = running.get(backend) or _empty_backend(books.servers)
        places = [(endpoint.address, endpoint.port) for endpoint in endpoints]
        fill += haproxy_slots.plan_fill(backend, servers, places)[1]
        for key in books.keys_of(spec.name):
            del routed[key]
        routed[route_key(spec)] = MapEntry(backend, tls=spec.tls, redirect_http=spec.redirect_http)
        if holding is None:
            next(spare, None)  # its other colour's
        elif old := holding.claims[colour.other].servers:
            other = holding.claims[colour.other].backend
            leave += [f"set server {other}/s{slot} state drain" for slot in sorted(old)]
            leave += haproxy_slots.clear_commands(other, books.servers)
    keys = {route_key(spec) for spec in wanted}
    return Rehearsal(
        tuple(fill),
        tuple(_pointing(books.routed, routed, keys, path)),
        tuple(leave),
        tuple(_pointing(routed, books.routed, keys, path)),
    )


def _pointing(old: Mapping[str, MapEntry], new: Mapping[str, MapEntry], keys: set[str], path: str) -> list[str]:
    if dict(old) == dict(new):
        return []
    if len(keys) == 1 and old.keys() == new.keys():
        (key,) = keys
        return [f"set map {path} {key} {new[key]}"]
    adds = [f"add map @{GENERATION} {path} {line}" for line in map_text(new).splitlines()]
    return [f"prepare map {path}", *adds, f"commit map @{GENERATION} {path}"]


def _empty_backend(servers: int) -> list[RunningServer]:
    return [RunningServer(slot, EMPTY_ADDRESS, EMPTY_PORT, is_ready=False) for slot in range(1, servers + 1)]
