"""A proxy in memory: a world that outlives the server, and clients of it that come and go."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from fairlead.domain import names
from fairlead.domain.colour import Colour
from fairlead.domain.errors import Conflict, Invalid, NotFound, Refused, Unreachable
from fairlead.ports.clock import Clock
from fairlead.ports.proxy import Counters, Drained, Endpoint, Rehearsal, RouteSpec, RouteState, ServerState

Place = tuple[str, int]
POLL_S = 0.01
ROUTE_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_/-]|\.(?!\.)){0,199}")


@dataclass(slots=True)
class Standing:
    """One server of one slot."""

    address: str
    port: int
    is_ready: bool = True
    connections: int = 0


@dataclass(slots=True)
class Held:
    """One route: as it was asked for, as it is routed (None: not yet), its slots, and what they counted.

    A request is counted once it has ended, as a real proxy does.
    """

    spec: RouteSpec
    routed: RouteSpec | None = None
    live: Colour | None = None
    slots: dict[Colour, list[Standing]] = field(default_factory=lambda: {colour: [] for colour in Colour})
    turns: dict[Colour, int] = field(default_factory=lambda: dict.fromkeys(Colour, 0))
    requests: dict[Colour, int] = field(default_factory=lambda: dict.fromkeys(Colour, 0))
    cut: dict[Colour, int] = field(default_factory=lambda: dict.fromkeys(Colour, 0))


@dataclass(slots=True)
class ProxyWorld:
    """What the proxy itself holds. `switches` tells each generation that was set, in order; `durable` where each route
    pointed when that was last made to outlive a loss of power."""

    most_routes: int = 64
    most_servers: int = 8
    held: dict[str, Held] = field(default_factory=dict)
    certificates: dict[str, bytes] = field(default_factory=dict)
    switches: list[dict[str, Colour]] = field(default_factory=list)
    is_up: bool = True
    durable: dict[str, Colour | None] = field(default_factory=dict)

    def server_for(self, host: str, path: str = "/") -> tuple[Held, Standing] | None:
        """Where a user's request goes; the servers of a slot take turns."""
        host = host.partition(":")[0].lower().rstrip(".")
        fitting = [
            (len(key_of(held.routed)), name)
            for name, held in self.held.items()
            if held.routed and f"{host}{path}/".startswith(key_of(held.routed))
        ]
        if not fitting:
            return None
        held = self.held[max(fitting)[1]]
        ready = [server for server in held.slots[held.live] if server.is_ready] if held.live else []
        if held.live is None or not ready:
            return None
        held.turns[held.live] += 1
        return held, ready[held.turns[held.live] % len(ready)]

    @contextmanager
    def request(self, host: str, path: str = "/") -> Iterator[Place | None]:
        """A request that is in flight inside; None where nobody answers."""
        found = self.server_for(host, path)
        if found is None:
            yield None
            return
        held, server = found
        colour = held.live or Colour.BLUE
        server.connections += 1
        try:
            yield server.address, server.port
        finally:
            if server.connections:  # else it was cut, and counted then
                server.connections -= 1
                held.requests[colour] += 1

    def snapshot(self) -> dict[str, object]:
        """All that counts as state, for comparing before and after."""
        return {
            name: (held.spec, held.routed, held.live, {c: places_of(slot) for c, slot in held.slots.items()})
            for name, held in sorted(self.held.items())
        }


class FakeProxy:
    """`ports.proxy.Proxy` over a `ProxyWorld`; remembers nothing itself."""

    def __init__(self, world: ProxyWorld, clock: Clock) -> None:
        self.world = world
        self.clock = clock

    async def ensure_route(self, spec: RouteSpec) -> None:
        """See the port."""
        names.require("route", ROUTE_NAME, spec.name)
        names.host_name(spec.host)
        names.require("path", names.URL_PATH, spec.path)
        world = self._asked()
        for name, held in world.held.items():
            taken = {key_of(held.spec), key_of(held.routed or held.spec)}
            if name != spec.name and key_of(spec) in taken:
                raise Conflict("route.taken", f"{spec.host}{spec.path} is held by the route {name}", thing=spec.host)
        if spec.name in world.held:
            world.held[spec.name].spec = spec
        elif len(world.held) >= world.most_routes:
            raise Conflict("proxy.pool", f"no spare backends are left for {spec.name}", thing=spec.name)
        else:
            world.held[spec.name] = Held(spec)

    async def fill(self, route: str, colour: Colour, endpoints: Sequence[Endpoint]) -> None:
        """See the port."""
        wanted = _places(endpoints)
        held = self._held(route)
        if len(wanted) > self.world.most_servers:
            raise Refused("proxy.replicas", f"{route} has more instances than servers in a slot", thing=route)
        kept = {(server.address, server.port): server for server in held.slots[colour]}
        held.slots[colour] = [kept.get(place) or Standing(*place) for place in wanted]
        for server in held.slots[colour]:
            server.is_ready = True

    async def point(self, live: Mapping[str, Colour]) -> None:
        """See the port."""
        found = {route: self._held(route) for route in live}
        for route, colour in live.items():
            found[route].live, found[route].routed = colour, found[route].spec
        self.world.switches.append(dict(live))

    async def read_back(self, route: str) -> RouteState | None:
        """See the port."""
        held = self._asked().held.get(route)
        if held is None:
            return None
        servers = {
            colour: tuple(ServerState(one.address, one.port, one.is_ready, one.connections) for one in slot)
            for colour, slot in held.slots.items()
        }
        return RouteState(held.routed or held.spec, held.live, servers)

    async def live(self, route: str) -> Colour | None:
        """See the port."""
        held = self._asked().held.get(route)
        return None if held is None else held.live

    async def drain(self, route: str, colour: Colour, *, bound_s: float, only: Sequence[Endpoint] = ()) -> Drained:
        """See the port."""
        held = self._asked().held.get(route)
        if held is None:
            return Drained(0.0, 0)
        meant = set(_places(only))
        slot = [one for one in held.slots[colour] if not meant or (one.address, one.port) in meant]
        for server in slot:
            server.is_ready = False
        started_s = self.clock.monotonic_s()
        while any(server.connections for server in slot):
            if self.clock.monotonic_s() - started_s >= bound_s:
                break
            await self.clock.sleep(POLL_S)
        cut = sum(server.connections for server in slot)
        counters = _counters(held, colour)
        held.requests[colour] += cut
        held.cut[colour] += cut
        for server in slot:
            server.connections = 0
        return Drained(self.clock.monotonic_s() - started_s, cut, counters)

    async def clear(self, route: str, colour: Colour) -> None:
        """See the port."""
        if held := self._asked().held.get(route):
            held.slots[colour] = []

    async def remove(self, route: str) -> None:
        """See the port."""
        self._asked().held.pop(route, None)

    async def rehearse(self, wanted: Mapping[RouteSpec, Sequence[Endpoint]], colour: Colour) -> Rehearsal:
        """See the port. Its language is this class's verbs."""
        held = self._asked().held
        fill = [
            f"fill {spec.name} {colour.value} {one.address}:{one.port}" for spec, its in wanted.items() for one in its
        ]
        point = [f"point {spec.host}{spec.path} {colour.value}" for spec in wanted]
        old = [spec for spec in wanted if spec.name in held and held[spec.name].live is colour.other]
        leave = [f"clear {spec.name} {colour.other.value}" for spec in old]
        back = [f"point {spec.host}{spec.path} {colour.other.value}" for spec in old]
        return Rehearsal(tuple(fill), tuple(point), tuple(leave), tuple(back))

    async def routes(self) -> Sequence[RouteSpec]:
        """See the port."""
        return [held.spec for _, held in sorted(self._asked().held.items())]

    async def make_durable(self) -> None:
        """See the port."""
        self._asked().durable = {name: held.live for name, held in self.world.held.items()}

    async def counters(self, route: str, colour: Colour) -> Counters:
        """See the port. Nothing fails in memory but what is cut."""
        return _counters(self._held(route), colour)

    async def ensure_certificate(self, host: str, pem: bytes) -> None:
        """See the port. Knows a certificate by its PEM blocks alone: the key's fit is not looked at."""
        names.host_name(host)
        if b"BEGIN CERTIFICATE" not in pem or b"PRIVATE KEY" not in pem:
            raise Invalid("certificate.invalid", "it must hold the certificate and the private key", thing=host)
        self._asked().certificates[host] = pem

    async def remove_certificate(self, host: str) -> None:
        """See the port."""
        names.host_name(host)
        self._asked().certificates.pop(host, None)

    def _asked(self) -> ProxyWorld:
        if not self.world.is_up:
            raise Unreachable("proxy.unreachable", "the proxy's runtime socket does not answer", thing="proxy")
        return self.world

    def _held(self, route: str) -> Held:
        if held := self._asked().held.get(route):
            return held
        raise NotFound("route.unknown", f"the proxy holds no route {route!r}", thing=route)


def _counters(held: Held, colour: Colour) -> Counters:
    open_now = sum(one.connections for one in held.slots[colour])
    return Counters(held.requests[colour], held.cut[colour], 0, open_now)


def key_of(spec: RouteSpec) -> str:
    """Host and path, ending on a path boundary."""
    return f"{spec.host}{spec.path.rstrip('/')}/"


def places_of(slot: Sequence[Standing]) -> list[tuple[str, int, bool]]:
    """A slot's servers, in order."""
    return sorted((server.address, server.port, server.is_ready) for server in slot)


def _places(endpoints: Sequence[Endpoint]) -> list[Place]:
    found: dict[Place, None] = {}
    for endpoint in endpoints:
        try:
            address = ipaddress.ip_address(endpoint.address)
        except ValueError as error:
            raise _no_endpoint(endpoint) from error
        if address.is_unspecified or "%" in endpoint.address or not 0 < endpoint.port < 65536:
            raise _no_endpoint(endpoint)
        found[str(address), endpoint.port] = None
    return list(found)


def _no_endpoint(endpoint: Endpoint) -> Invalid:
    return Invalid(
        "input.invalid", f"{endpoint.address!r} port {endpoint.port} is not an address", thing=endpoint.instance
    )
