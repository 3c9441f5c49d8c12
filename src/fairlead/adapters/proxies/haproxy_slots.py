"""What to tell HAProxy so that the slots of a backend hold just the wanted servers; pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from fairlead.adapters.proxies.haproxy_answers import EMPTY_ADDRESS, EMPTY_PORT, RunningServer
from fairlead.adapters.proxies.haproxy_books import SlotServer
from fairlead.domain.errors import Invalid
from fairlead.ports.proxy import Endpoint

Address = tuple[str, int]


def addresses(endpoints: Sequence[Endpoint]) -> list[Address]:
    """Where the endpoints answer, each once, in order; Invalid for what is no IP address and port."""
    found: dict[Address, None] = {}
    for endpoint in endpoints:
        try:
            address = str(ipaddress.ip_address(endpoint.address))
        except ValueError as error:
            raise _no_endpoint(endpoint) from error
        if address == EMPTY_ADDRESS or "%" in address or not 0 < endpoint.port < 65536:
            raise _no_endpoint(endpoint)
        found[address, endpoint.port] = None
    return list(found)


def plan_fill(
    backend: str, running: Sequence[RunningServer], wanted: Sequence[Address]
) -> tuple[dict[int, SlotServer], list[str]]:
    """What the slots will hold, and the commands that lead there.

    A server that is wanted and there stays in its slot, untouched. New ones are ready before old ones go, so that a
    backend that takes requests is never empty.
    """
    kept: dict[int, Address] = {}
    for server in running:
        place = (server.address, server.port)
        if place in wanted and place not in kept.values():
            kept[server.slot] = place
    free = [server.slot for server in running if server.slot not in kept and server.is_empty]
    old = [server.slot for server in running if server.slot not in kept and not server.is_empty]
    new = [place for place in wanted if place not in kept.values()]
    taken = dict(zip([*free, *old], new, strict=False))
    ready = {server.slot for server in running if server.is_ready}
    commands = [f"set server {backend}/s{slot} state ready" for slot in kept if slot not in ready]
    for slot, (address, port) in taken.items():
        commands += [
            f"set server {backend}/s{slot} state maint",
            f"set server {backend}/s{slot} addr {address} port {port}",
            f"set server {backend}/s{slot} state ready",
        ]
    for slot in [*free, *old]:
        if slot not in taken:
            commands += _empty(backend, slot)
    return {slot: SlotServer(*place) for slot, place in {**kept, **taken}.items()}, commands


def clear_commands(backend: str, servers: int) -> list[str]:
    """Every slot in maintenance, without an address."""
    return [command for slot in range(1, servers + 1) for command in _empty(backend, slot)]


def _empty(backend: str, slot: int) -> list[str]:
    return [
        f"set server {backend}/s{slot} state maint",
        f"set server {backend}/s{slot} addr {EMPTY_ADDRESS} port {EMPTY_PORT}",
    ]


def _no_endpoint(endpoint: Endpoint) -> Invalid:
    where = f"{endpoint.address[:60]!r} port {endpoint.port}"
    return Invalid("input.invalid", f"{where} is not an IP address and a port", thing=endpoint.instance[:100])
