"""What a switch would tell HAProxy, command for command, before it does; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

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
        backend = holding.claims[colour].backend if holding else _claimed(spare)[colour]
        servers = running.get(backend) or _empty_backend(books.servers)
        places = [(endpoint.address, endpoint.port) for endpoint in endpoints]
        fill += haproxy_slots.plan_fill(backend, servers, places)[1]
        for key in books.keys_of(spec.name):
            del routed[key]
        routed[route_key(spec)] = MapEntry(backend, tls=spec.tls, redirect_http=spec.redirect_http)
        if holding and (old := holding.claims[colour.other].servers):
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


def _claimed(spare: Iterator[str]) -> Mapping[Colour, str]:
    """What a new route would claim, in the order in which it does."""
    return {colour: next(spare, NO_BACKEND) for colour in Colour}


def _pointing(old: Mapping[str, MapEntry], new: Mapping[str, MapEntry], keys: set[str], path: str) -> list[str]:
    """A new generation is all of the map: the lines of other routes are counted, not shown. They may be thousands, and
    of projects that who reads the plan may not view."""
    if dict(old) == dict(new):
        return []
    if len(keys) == 1 and old.keys() == new.keys():
        (key,) = keys
        return [f"set map {path} {key} {new[key]}"]
    own = {key: to for key, to in new.items() if key in keys or old.get(key) != to}
    adds = [f"add map @{GENERATION} {path} {line}" for line in map_text(own).splitlines()]
    if others := len(new) - len(own):
        lines = "1 line" if others == 1 else f"{others} lines"
        adds.append(f"add map @{GENERATION} {path} … ({lines} of other routes, as they stand)")
    return [f"prepare map {path}", *adds, f"commit map @{GENERATION} {path}"]


def _empty_backend(servers: int) -> list[RunningServer]:
    return [RunningServer(slot, EMPTY_ADDRESS, EMPTY_PORT, is_ready=False) for slot in range(1, servers + 1)]
